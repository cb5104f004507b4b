import pytest

from pr_cost_bot.render.names import friendly


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("claude-sonnet-4-6", "Sonnet 4.6"),
        ("claude-opus-4-5-20251101", "Opus 4.5"),
        ("claude-sonnet-4-20250514", "Sonnet 4"),
        ("claude-haiku-4-5@20251001", "Haiku 4.5"),
        ("claude-4.5-sonnet", "Sonnet 4.5"),
        ("claude-4.6-opus-high-thinking", "Opus 4.6 High Thinking"),
        ("claude-3-5-sonnet-20241022", "Sonnet 3.5"),
        ("claude-3-5-sonnet-latest", "Sonnet 3.5"),
        ("claude-3-opus-20240229", "Opus 3"),
        ("claude-sonnet-4-5[1m]", "Sonnet 4.5 1M"),
        ("claude-newname-5", "Claude Newname 5"),
        ("anthropic/claude-opus-4.7", "Opus 4.7"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "Sonnet 4.5"),
        ("bedrock/us.anthropic.claude-3-5-sonnet-20241022-v2:0", "Sonnet 3.5"),
        ("gpt-5.5", "GPT-5.5"),
        ("gpt-5-codex", "GPT-5 Codex"),
        ("gpt-5.1-codex-max", "GPT-5.1 Codex Max"),
        ("gpt-4o-mini-2024-07-18", "GPT-4o Mini"),
        ("openai/gpt-4.1", "GPT-4.1"),
        ("o4-mini-2025-04-16", "o4-mini"),
        ("gemini-3-pro-preview", "Gemini 3 Pro"),
        ("gemini-2.5-flash-lite-preview-09-2025", "Gemini 2.5 Flash Lite"),
        ("composer-1", "Composer 1"),
        ("grok-code-fast-1", "Grok Code Fast 1"),
        ("default", "Auto"),
        ("auto", "Auto"),
        ("", "Unnamed model"),
        ("house-model", "house-model"),
        ("My Fine-Tune:v3", "My Fine-Tune:v3"),
        ("claude", "claude"),
    ],
)
def test_model_ids_become_the_names_people_say(model: str, name: str) -> None:
    assert friendly(model) == name
