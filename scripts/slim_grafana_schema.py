"""Cut Grafana's own description of dashboards down to what a test holds `pr-cost-bot export grafana` against.

    npm install @grafana/schema ts-json-schema-generator
    python scripts/slim_grafana_schema.py

Writes tests/contract/data/grafana-dashboard.json. `@grafana/schema` is Grafana Labs', under the Apache licence 2.0.
"""

# ruff: noqa: INP001 - a script, in no package
import json
import subprocess
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "tests/contract/data/grafana-dashboard.json"
PACKAGE = Path("node_modules/@grafana/schema")
TYPES = {
    "dashboard": ("raw/dashboard/x/types.gen.d.ts", "Dashboard"),
    **{kind: (f"raw/composable/{kind}/panelcfg/x/types.gen.d.ts", "*") for kind in ("stat", "table", "timeseries")},
}


def described(path: str, name: str) -> Any:
    """The type as JSON Schema."""
    command = [
        "npx",
        "ts-json-schema-generator",
        "--no-type-check",
        "--path",
        str(PACKAGE / "dist/types" / path),
        "--type",
        name,
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - a list of our own words
    return bare(json.loads(done.stdout))


def bare(schema: Any) -> Any:
    """Without descriptions."""
    if isinstance(schema, dict):
        return {key: bare(value) for key, value in schema.items() if not (key == "description" and isinstance(value, str))}
    return [bare(value) for value in schema] if isinstance(schema, list) else schema


def main() -> None:
    """Write the file."""
    version = json.loads((PACKAGE / "package.json").read_text())["version"]
    found = {kind: described(*where) for kind, where in TYPES.items()}
    document = {"package": "@grafana/schema", "version": version, "license": "Apache-2.0", **found}
    TARGET.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
