"""Google's logs of model calls, in BigQuery."""
