"""The amount is the bill's, the split is the receipts'."""

from decimal import Decimal

from tests.unit.attribution.stories import allocate, at, bucket, call, commit, receipt, spent

from pr_cost_bot.model import Evidence, Tokens

ONE, OTHER = commit("11:00", 1), commit("16:00", 2)
BILL = [bucket("00:00", 24, "31.20")]


def test_a_days_bill_is_split_as_the_receipts_of_that_day_say():
    receipts = [receipt("11:00", ONE, "7.00"), receipt("16:00", OTHER, "3.00")]
    assert spent(BILL, [ONE, OTHER], [], receipts) == {1: Decimal("21.84"), 2: Decimal("9.36")}
    assert {share.evidence for share in allocate(BILL, [ONE, OTHER], [], receipts)} == {Evidence.RECEIPT}


def test_receipts_can_be_left_out():
    receipts = [receipt("11:00", ONE, "7.00"), receipt("16:00", OTHER, "3.00")]
    assert spent(BILL, [ONE, OTHER], [], receipts, without=["receipts"]) == spent(BILL, [ONE, OTHER])


def test_receipts_that_speak_of_the_same_usage_count_once():
    same = [receipt("11:00", ONE, "7.00", usage_key="x"), receipt("11:00", ONE, "7.00", usage_key="x", format="entire")]
    assert spent(BILL, [ONE, OTHER], [], [*same, receipt("16:00", OTHER, "3.00")])[1] == Decimal("21.84")


def test_receipts_without_amounts_weigh_by_their_tokens():
    receipts = [
        receipt("11:00", ONE, "0", cost_usd=None, tokens=Tokens(700)),
        receipt("16:00", OTHER, "0", cost_usd=None, tokens=Tokens(300)),
    ]
    assert spent(BILL, [ONE, OTHER], [], receipts)[1] == Decimal("21.84")


def test_a_pull_request_without_receipts_keeps_what_time_gives_it():
    receipts = [receipt("11:00", ONE, "7.00")]
    by_time = spent(BILL, [ONE, OTHER])
    assert abs(spent(BILL, [ONE, OTHER], [], receipts)[2] - by_time[2]) < Decimal("0.001")


def test_receipts_of_another_tool_say_nothing():
    receipts = [receipt("11:00", ONE, "7.00", tool="copilot"), receipt("16:00", OTHER, "3.00", tool="copilot")]
    assert spent(BILL, [ONE, OTHER], [], receipts) == spent(BILL, [ONE, OTHER])


def test_receipts_of_another_person_say_nothing():
    receipts = [receipt("11:00", ONE, "7.00", person="bob"), receipt("16:00", OTHER, "3.00", person="bob")]
    assert spent(BILL, [ONE, OTHER], [], receipts) == spent(BILL, [ONE, OTHER])


def test_a_call_within_a_receipts_time_goes_to_its_commit():
    usage = [call("10:30")]
    early = commit("10:40", 3)
    assert spent(usage, [ONE, early]) == {3: 1}
    [share] = allocate(usage, [ONE, early], [], [receipt("11:00", ONE, "7.00", start=at("10:00"))])
    assert (share.pr_number, share.evidence) == (1, Evidence.RECEIPT)


def test_a_receipt_of_the_calls_own_session_wins():
    receipts = [
        receipt("11:00", ONE, "7.00", start=at("09:00"), session="a"),
        receipt("16:00", OTHER, "3.00", start=at("09:00"), session="b"),
    ]
    assert spent([call("10:30", session="b")], [ONE, OTHER], [], receipts) == {2: 1}


def test_usage_made_from_a_receipt_is_evidence_by_receipt():
    [share] = allocate([call("10:30", source="receipt", commit=OTHER.sha)], [ONE, OTHER])
    assert (share.pr_number, share.evidence) == (2, Evidence.RECEIPT)
