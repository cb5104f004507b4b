"""The dashboard: figures of the table (pure), and the static pages that show them."""
