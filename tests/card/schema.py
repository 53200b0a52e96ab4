"""Holds every card against the published schema, version 1.5, without the parts that only Teams knows."""

import json
import pathlib
import sys

import adaptive_cards
import jsonschema

schemas = pathlib.Path(adaptive_cards.__file__).parent / "schemas"
validator = jsonschema.Draft6Validator(json.loads((schemas / "schema-1.5.json").read_text()))
wrong = 0
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.teams.json")):
    card = json.loads(path.read_text())["attachments"][0]["content"]
    # As the least sparing of encoders has it: a space after each comma and colon.
    size = len(json.dumps(json.dumps(card, ensure_ascii=False)))
    del card["msteams"]
    errors = [error.message[:300] for error in validator.iter_errors(card)]
    errors += [f"{size} bytes, escaped"] if size > 25_000 else []
    print("FAIL" if errors else "  ok", f"{path.name}, {size} bytes escaped", *errors)
    wrong += bool(errors)

# A check that never fails checks nothing.
if validator.is_valid({"type": "AdaptiveCard", "version": "1.5", "body": [{"type": "RichTextBlock"}]}):
    sys.exit("the schema takes a rich text block without text: it is not the one that is meant")
sys.exit(bool(wrong))
