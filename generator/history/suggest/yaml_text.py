"""A draft as YAML that a person edits: keys in reading order, short parts on one line, comments beside them."""

from __future__ import annotations

from typing import Any

import yaml

from generator.history.blanks import blanks_in
from generator.history.suggest.draft import Draft

WIDTH = 96  # a part longer than this on one line is written on several


def yaml_text(draft: Draft) -> str:
    """The whole file. It loads, or `load_mapping` lists the blanks that are left."""
    blanks = blanks_in(draft.content)
    head = [f"# {remark}" for remark in draft.remarks]
    if blanks:
        head.append(f"# {len(blanks)} to fill in (search for FILL IN):")
        head += [f"#   {key}: {question}" for key, question in blanks.items()]
    head.append("# Every key is in docs/mappings.md. Try it: dishpatch replay --mapping THIS --orders FILE --dry-run")
    return "\n".join([*head, *_lines(draft.content, "", 0, draft.comments)]) + "\n"


def _lines(content: dict[str, Any], key: str, depth: int, comments: dict[str, str]) -> list[str]:
    lines = []
    for name, value in content.items():
        path = f"{key}.{name}" if key else str(name)
        comment = f"   # {comments[path]}" if path in comments else ""
        inside = [f"   # {comments[p]}" for p in comments if p.startswith(f"{path}.") and not _is_split(value)]
        head = f"{'  ' * depth}{_scalar(name)}:"
        if isinstance(value, dict) and value and _is_split(value):
            lines += [head + comment, *_lines(value, path, depth + 1, comments)]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lines.append(head + comment)
            for number, part in enumerate(value):
                body = _lines(part, f"{path}.{number}", depth + 2, comments)
                body[0] = body[0][: 2 * depth + 2] + "- " + body[0].lstrip()
                lines += body
        else:
            lines.append(f"{head} {_flow(value)}{comment}{''.join(inside[:1])}")
    return lines


def _is_split(value: Any) -> bool:
    """Whether a table is written on several lines: long, or with tables of its own beside others."""
    if not isinstance(value, dict):
        return False
    return len(_flow(value)) > WIDTH or sum(isinstance(v, dict) for v in value.values()) > 1


def _flow(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...").strip()


def _scalar(name: Any) -> str:
    return _flow(str(name))
