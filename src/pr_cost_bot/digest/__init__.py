"""The digest: some days of the table in one message, as text, Markdown or HTML, and its way to people."""
