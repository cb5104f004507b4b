import pytest
from graphql import parse, validate
from tests.contract.graphql_check import schema

from pr_cost_bot.github import competing_queries, queries
from pr_cost_bot.simulator import github_graphql

DOCUMENTS = {
    name: text for name, text in vars(queries).items() if isinstance(text, str) and text.lstrip()[:5] in {"query", "mutat"}
}
DOCUMENTS |= {
    "pull_requests_facts": queries.pull_requests_facts(3),
    "ledger_rows": queries.ledger_rows(3),
    "history_pages": competing_queries.history_pages(2),
    "everything": competing_queries.competing_work(("s0", "s1"), 2, 2, open_pulls=True),
    "searches": competing_queries.competing_work(("s0",), 0, 0, open_pulls=False),
    "histories": competing_queries.competing_work((), 2, 1, open_pulls=False),
    "no authors": competing_queries.competing_work(("s0",), 1, 0, open_pulls=True),
}


def test_all_documents_are_here():
    assert len(DOCUMENTS) == 15


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_are_valid_for_github(name):
    assert validate(schema(), parse(DOCUMENTS[name])) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_are_understood_by_the_simulator(name):
    document = github_graphql.parse(DOCUMENTS[name])
    assert document.selections
    assert document.name


@pytest.mark.parametrize("text", ["query Q { a", "query Q { a(b: ) }", "query Q { ; }", "{"])
def test_what_is_no_document_is_refused_by_the_simulator(text):
    with pytest.raises(ValueError, match=r"expected|cannot read"):
        github_graphql.parse(text)
