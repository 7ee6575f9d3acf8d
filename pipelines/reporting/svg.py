"""A plot's SVG made fit for a report: only drawing, no document, colours by token, ids of its own.

Matplotlib writes `style="fill: #…"`, Vega `fill="#…"`; both are taken. The result carries no namespace, size, font or
style sheet, so the page's tokens decide how it looks in light, dark and print.
"""

from __future__ import annotations

import re
from html import escape
from xml.etree import ElementTree

from pipelines.reporting.protocol import RenderError

# Light value of a token -> the token. White and ink serve as label colours too and stay right in the dark scheme.
TOKENS = {
    "#ffffff": "--paper", "#f1f4f3": "--tint", "#d3dad7": "--rule", "#7f8b87": "--axis",
    "#15201e": "--ink", "#54615e": "--muted", "#0a62a6": "--good", "#ab5500": "--late",
    "#8a0e43": "--bad", "#828d89": "--neutral", "#e6f0f8": "--good-wash", "#fbeedd": "--late-wash",
    "#f9e6ed": "--bad-wash", "#fcebd3": "--seq-1", "#f4c78e": "--seq-2", "#e09a4a": "--seq-3",
    "#ae5e0c": "--seq-4", "#6a3204": "--seq-5",
}  # fmt: skip

_DRAWING = frozenset(
    (
        "svg",
        "g",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "text",
        "tspan",
        "use",
        "defs",
        "clipPath",
        "pattern",
        "linearGradient",
        "stop",
        "marker",
        "symbol",
        "title",
        "desc",
    )
)
_LEFT_OUT = frozenset(("metadata", "style"))
_HEX = re.compile(r"#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3,4})\b")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_COORDINATES = frozenset(
    ("d", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "dx", "dy", "width", "height", "points")
)
_INVISIBLE = re.compile(r"\b(stroke|fill):#[0-9a-fA-F]+;\s*\1-opacity:0(?![.\d])")
_FONT_FAMILY = re.compile(r"(?:^|;)\s*font-family\s*:[^;]*", re.IGNORECASE)
_FONT_SHORTHAND = re.compile(r"(?:^|;)\s*font\s*:\s*(?P<value>[^;]*)", re.IGNORECASE)


def report_svg(source: str, *, alt: str, prefix: str, where: str, css_class: str = "") -> str:
    """The SVG as it goes into the page. `prefix` makes its ids unique in the page; `where` names the cell in errors.

    Raises RenderError on markup that is not drawing, a remote reference, a colour that is no token, no viewBox.
    """
    if "<!ENTITY" in source:
        raise RenderError(f"{where}: the SVG declares entities; draw it with matplotlib or Vega.")
    try:
        root = ElementTree.fromstring(source)
    except ElementTree.ParseError as error:
        raise RenderError(
            f"{where}: the SVG cannot be read ({error}); show the figure with display.show_plots."
        ) from error
    if _name(root.tag) != "svg" or "viewBox" not in root.attrib:
        raise RenderError(f"{where}: the plot has no viewBox, so it cannot scale; save it as SVG with a figure size.")
    ids = {node.attrib["id"]: f"{prefix}-{n}" for n, node in enumerate(root.iter()) if "id" in node.attrib}
    used = {i for i in ids if re.search(rf"#{re.escape(i)}\b", source)}
    body = "".join(_markup(child, {i: ids[i] for i in used}, where) for child in root)
    css = f' class="{css_class}"' if css_class else ""
    return f'<svg viewBox="{escape(root.attrib["viewBox"])}" role="img" aria-label="{escape(alt)}"{css}>{body}</svg>'


def width_of(source: str) -> float:
    """Width of the drawing in its own units; 0 where the SVG says none."""
    match = re.search(r'viewBox="\s*[-\d.]+[\s,]+[-\d.]+[\s,]+([\d.]+)', source)
    return float(match.group(1)) if match else 0.0


def _name(tag: object) -> str:
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""  # a comment's tag is a function


def _markup(node: ElementTree.Element, ids: dict[str, str], where: str) -> str:
    name = _name(node.tag)
    tail = escape(node.tail.strip()) if node.tail and node.tail.strip() else ""
    if name in _LEFT_OUT or not name:
        return tail
    if name not in _DRAWING:
        raise RenderError(f"{where}: the SVG holds <{name}>, which a report does not show; draw with plain shapes.")
    attributes = "".join(_attribute(_name(k), v, ids, where) for k, v in node.attrib.items())
    inner = escape(node.text.strip()) if node.text and node.text.strip() else ""
    inner += "".join(_markup(child, ids, where) for child in node)
    if not inner and name in ("defs", "g"):
        return tail
    if name == "g" and not attributes:
        return inner + tail
    return f"<{name}{attributes}/>{tail}" if not inner else f"<{name}{attributes}>{inner}</{name}>{tail}"


def _attribute(name: str, value: str, ids: dict[str, str], where: str) -> str:
    if name.startswith("on"):
        raise RenderError(f"{where}: the SVG carries a script in {name}; a report has none.")
    if name == "font-family" or (name == "id" and value not in ids):
        return ""
    if name == "id":
        return f' id="{ids[value]}"'
    if name == "href" and not value.startswith("#"):
        raise RenderError(f"{where}: the SVG refers to {value[:60]}; a report refers to nothing outside itself.")
    value = _references(value, ids, where)
    if name in _COORDINATES or (name == "transform" and not value.startswith(("scale", "matrix"))):
        value = _LONG_NUMBER.sub(lambda m: f"{float(m.group()):.1f}".removesuffix(".0"), value)
    if name == "style":
        value = re.sub(r":\s+", ":", re.sub(r";\s+", ";", _fonts(value))).strip("; ")
        value = _INVISIBLE.sub(r"\1:none", value)  # how matplotlib writes an edge that is not there
    if name == "d":
        value = " ".join(value.split())
    value = _colours(value, where) if name != "href" and "url(" not in value else value
    return f' {name}="{escape(value)}"' if value else ""


def _references(value: str, ids: dict[str, str], where: str) -> str:
    if value.startswith("#") and value[1:] in ids:
        return f"#{ids[value[1:]]}"
    if re.search(r"url\(\s*['\"]?(?!#)", value, re.IGNORECASE):
        raise RenderError(f"{where}: the SVG refers to {value[:60]}; a report refers to nothing outside itself.")
    return re.sub(r"url\(\s*['\"]?#([^)'\"]+)['\"]?\s*\)", lambda m: f"url(#{ids.get(m[1], m[1])})", value)


def _fonts(style: str) -> str:
    """A style without font families; the shorthand `font` keeps its size and weight."""
    shorthand = _FONT_SHORTHAND.search(style)
    if shorthand:
        parts = [f"font-weight:{m}" for m in re.findall(r"\b(?:bold|[1-9]00)\b", shorthand["value"])]
        parts += [f"font-size:{m}" for m in re.findall(r"\b[\d.]+px", shorthand["value"])]
        style = _FONT_SHORTHAND.sub(";" + ";".join(parts), style)
    return _FONT_FAMILY.sub("", style)


def _colours(value: str, where: str) -> str:
    def token(match: re.Match[str]) -> str:
        colour = match.group().lower()
        if colour not in TOKENS:
            raise RenderError(
                f"{where}: the plot uses {colour}, which is no token of reports; take a colour of plot_style."
            )
        return f"var({TOKENS[colour]})"

    return _HEX.sub(token, value)
