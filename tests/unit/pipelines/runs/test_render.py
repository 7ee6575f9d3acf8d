"""Renderer rules, on notebooks made cell by cell."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from pipelines.reporting.protocol import FIGURES_MIME, NOTICE_MIME, TABLE_MIME
from pipelines.runs.render import RenderError, render_failure, render_report

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'viewBox="0 0 360 200" width="360pt">'
    "<metadata>x</metadata><style>*{stroke-linejoin:round}</style>"
    '<path id="m1" d="M 1.23456 2.34567 L 3 4" style="fill: #828d89; font-family: sans"/>'
    '<use xlink:href="#m1" x="1"/></svg>'
)
TABLE = {
    "columns": [{"name": "Zone", "numeric": False}, {"name": "Late", "numeric": True}],
    "rows": [["Harbour", "12"]],
}
META = {"title": "Harbour was late", "subtitle": "By zone", "alt": "Bars by zone", "say": "Twelve were late."}
CONTEXT: dict[str, object] = {
    "title": "Daily operations",
    "city_id": "harbourton",
    "business_date": "2026-03-10",
    "run_id": "run-1",
    "inputs": {"silver/orders": 2207},
}


def cell(tag, *bundles, cell_id="c1", source="show()", **meta):
    made = new_code_cell(source, id=cell_id, metadata={"tags": [tag], "dishpatch": meta})
    made.outputs = [new_output("display_data", data=bundle) for bundle in bundles]
    return made


def finding(*bundles, **meta):
    return cell("finding", *(bundles or ({"image/svg+xml": SVG}, {TABLE_MIME: TABLE})), **{**META, **meta})


@pytest.fixture
def render(tmp_path):
    def rendered(*cells, context=CONTEXT):
        path = tmp_path / "run.ipynb"
        nbformat.write(new_notebook(cells=list(cells)), path)
        return render_report(path, tmp_path / "out" / "report.html", dict(context)).read_text()

    return rendered


def test_a_finding_becomes_a_figure_with_its_sentence_and_its_table(render):
    page = render(finding())
    assert "<h3>Harbour was late</h3>" in page
    assert 'role="img" aria-label="Bars by zone"' in page
    assert '<figcaption class="say">Twelve were late.</figcaption>' in page
    assert 'data-l="Late" class="n">12</td>' in page


def test_a_plot_keeps_only_its_drawing_with_tokens_for_colours_and_ids_of_its_cell(render):
    page = render(finding(), finding(cell_id="c2"))
    assert "stroke-linejoin:round}" not in page.split("</style>", 1)[1]
    assert "fill:var(--neutral)" in page
    assert 'd="M 1.2 2.3 L 3 4"' in page
    assert page.count('href="#c1-0-') == 1
    assert page.count('href="#c2-0-') == 1
    assert "w3.org" not in page


@pytest.mark.parametrize("missing", ["title", "subtitle", "alt", "say"])
def test_a_finding_without_one_of_its_texts_fails_and_names_the_cell(render, missing):
    with pytest.raises(RenderError, match=rf"cell c1 \(number 1\).*{missing}"):
        render(finding(**{missing: ""}))


def test_a_finding_without_a_table_fails(render):
    with pytest.raises(RenderError, match=r"cell c1.*the table is missing"):
        render(finding({"image/svg+xml": SVG}))


def test_a_table_without_a_caption_fails(render):
    with pytest.raises(RenderError, match=r"cell c1.*no caption"):
        render(cell("table", {TABLE_MIME: TABLE}))


def test_a_frame_shown_as_html_fails_and_says_what_to_call(render):
    with pytest.raises(RenderError, match=r"show_table"):
        render(cell("table", {"text/html": "<table><tr><td>1</td></tr></table>"}, caption="Zones"))


def test_a_heading_that_skips_a_level_fails(render):
    with pytest.raises(RenderError, match=r"cell h \(number 2\).*'### Zones' skips a level"):
        render(new_markdown_cell("# Day", id="t"), new_markdown_cell("### Zones", id="h"))


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ("<script>alert(1)</script>", "<script>"),
        ('<path d="M0 0" onload="alert(1)"/>', "onload"),
        ('<image href="https://example.org/x.png"/>', "<image>"),
        ('<use href="https://example.org/x.svg#a"/>', "example.org"),
        ('<path d="M0 0" style="fill: url(https://example.org/a)"/>', "example.org"),
        ('<path d="M0 0" style="fill: #123456"/>', "#123456"),
        ("<foreignObject/>", "<foreignObject>"),
    ],
)
def test_a_plot_that_holds_more_than_token_coloured_shapes_fails(render, part, named):
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 360 200">{part}</svg>'
    with pytest.raises(RenderError) as caught:
        render(finding({"image/svg+xml": svg}, {TABLE_MIME: TABLE}))
    assert "cell c1 (number 1)" in str(caught.value)
    assert named in str(caught.value)


def test_a_report_over_300_kb_fails_and_names_the_heaviest_cell(render):
    rows = [[f"Zone {i}", "1" * 20] for i in range(5000)]
    with pytest.raises(RenderError, match=r"cell c1 makes the report [0-9,]+ bytes"):
        render(finding({"image/svg+xml": SVG}, {TABLE_MIME: {**TABLE, "rows": rows}}))


def test_a_broken_rule_leaves_the_earlier_report_in_place(render, tmp_path):
    before = render(finding())
    with pytest.raises(RenderError):
        render(finding(alt=""))
    assert (tmp_path / "out" / "report.html").read_text() == before
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["report.html"]


def test_published_figures_fill_the_texts(render):
    published = cell(
        "none",
        {FIGURES_MIME: {"figures": {"late": 1234, "share": 0.284, "gone": None}, "inputs": {"gold/x": 7}}},
        cell_id="p",
    )
    page = render(finding(title="{late} late, {share:percent}, {gone}"), published)
    assert "<h3>1,234 late, 28.4\u202f%, –</h3>" in page
    assert "gold/x" in page


def test_a_text_that_names_no_published_figure_fails(render):
    with pytest.raises(RenderError, match=r"cell c1.*names no published figure"):
        render(finding(title="{nothing} late"))


@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "http://evil.example/"],
)
def test_hostile_names_stay_text_wherever_they_appear(render, hostile):
    line = {
        "urgency": "act",
        "where": hostile,
        "kind": hostile,
        "what": hostile,
        "since": hostile,
        "size": hostile,
        "look": hostile,
    }
    table = {**TABLE, "rows": [[hostile, "1"]]}
    page = render(
        cell("summary", {"text/markdown": f"**{hostile}** sold most."}, cell_id="s"),
        cell("tile", {"application/json": [{"label": hostile, "value": 3, "unit": "", "empty": hostile}]}, cell_id="t"),
        cell("attention", {"application/json": [line]}, cell_id="a", caption="Lines"),
        finding({"image/svg+xml": SVG}, {TABLE_MIME: table}, title=hostile, say=hostile, alt=hostile),
        cell("quality", {"application/json": [{"source": hostile, "note": hostile, "complete": 1.0}]}, cell_id="q"),
        context={**CONTEXT, "city_id": hostile, "run_id": hostile, "parameters": {"a": hostile}},
    )  # fmt: skip
    body = page.split("</style>", 1)[1]
    assert "<script" not in body
    assert "<img" not in body
    assert "<svg onload" not in body
    assert "default-src &#39;none&#39;" not in page
    assert "default-src 'none'" in page


def test_an_empty_finding_is_a_notice_and_needs_no_plot(render):
    empty = {"state": "empty", "title": "No reviews arrived for this day", "text": "Left blank, not zero."}
    page = render(finding({NOTICE_MIME: empty}, alt="", say=""))
    assert "No reviews arrived for this day" in page
    assert "<figcaption" not in page


def test_cells_without_a_tag_are_left_out(render):
    assert "secret workings" not in render(
        new_code_cell("1", outputs=[new_output("stream", text="secret workings")]), finding()
    )


def test_a_notebook_without_tagged_cells_shows_what_it_published(render):
    page = render(cell("none", {FIGURES_MIME: {"figures": {"rows_written": 1234}}}))
    assert "Figures of this run" in page
    assert "1,234" in page


def test_a_failed_cell_becomes_the_failure_page_under_the_same_name(render):
    broken = new_code_cell("1/0", id="boom")
    broken.outputs = [new_output("error", ename="ContractViolation", evalue="p90 is float64", traceback=[])]
    page = render(finding(), broken, context={**CONTEXT, "rerun": "dishpatch run --only daily_operations"})
    assert "No report for Tuesday 10 March 2026: a step failed" in page
    assert "2 of 2, boom" in page
    assert "ContractViolation: p90 is float64" in page
    assert "<pre>dishpatch run --only daily_operations</pre>" in page
    assert "Harbour was late" not in page


def test_a_failure_page_needs_nothing_but_a_place(tmp_path):
    page = render_failure(tmp_path / "a" / "report.html", {"cause": "\x1b[31mKilled\x1b[0m <b>"}).read_text()
    assert "Killed &lt;b&gt;" in page
    assert "\x1b" not in page


def test_the_same_notebook_gives_the_same_page(render):
    from datetime import UTC, datetime

    context = {**CONTEXT, "generated_at": datetime(2026, 3, 11, 4, 42, tzinfo=UTC)}
    assert render(finding(), context=context) == render(finding(), context=context)
