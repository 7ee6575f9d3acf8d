"""Reports as a reader's browser sees them."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

PAGES = ("eventful", "three", "none", "city", "city of three", "failed")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("width", [1280, 400, 320])
def test_a_page_fits_its_width_and_asks_for_nothing(browser, pages, page, width):
    seen = browser.visit(pages[page], width)
    assert seen.scroll_width <= seen.client_width
    assert seen.requests == []
    assert seen.errors == []


@pytest.mark.parametrize("width", [1280, 500, 400])
def test_no_word_of_the_citys_plots_is_cut_off(browser, pages, width):
    assert browser.visit(pages["city"], width).cut_off == []


@pytest.mark.parametrize("page", ["eventful", "city", "failed"])
def test_a_page_follows_the_dark_scheme(browser, pages, page):
    assert browser.visit(pages[page], 1280, dark=True).background == "rgb(15, 21, 20)"
    assert browser.visit(pages[page], 1280).background == "rgb(255, 255, 255)"


def test_the_browser_would_tell_of_a_request_an_error_and_an_overflow(browser, tmp_path):
    bad = tmp_path / "bad.html"
    plot = "<svg viewBox='0 0 40 10' width='40'><text x='30' y='9'>far too long</text></svg>"
    bad.write_text(f"<body style='width:3000px'>{plot}<img src='missing.png'><script>nothing()</script>")
    seen = browser.visit(bad, 400)
    assert seen.scroll_width > seen.client_width
    assert seen.requests
    assert seen.errors
    assert seen.cut_off == ["far too long"]


def test_the_report_of_an_eventful_day_is_under_300_kb_and_has_no_script(pages):
    text = pages["eventful"].read_text()
    assert len(text.encode()) < 300_000
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_the_citys_report_has_seven_figures_and_names_where_its_streets_are_from(pages):
    full, three = (pages[page].read_text() for page in ("city", "city of three"))
    assert full.count('<figure class="fig') == three.count('<figure class="fig') == 7
    assert "OpenStreetMap contributors" in full
    assert "<script" not in full
    assert "No positions" not in full
    assert "No visits to the app arrived" in three
