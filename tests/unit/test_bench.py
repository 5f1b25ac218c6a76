"""How the benchmarks judge their figures, and that the documents say what the history does."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bench import sizing
from bench.capacity import Costs, Load, need, processes_for
from bench.figures import Figure, better, table, verdict
from bench.history import HistoryError, Machine, Run, append, best_ratios, read_history

MACHINE = Machine("A processor", 2, 24, "3.11.2", "20.20.2")
FIGURE = Figure("a page", 3.0, 2.0, "ms", limit=2.0)


def run_of(*figures: Figure, machine: Machine = MACHINE, is_clean: bool = True) -> Run:
    named = {figure.name: figure for figure in figures}
    return Run("2026-11-30T12:00:00Z", "0123456789ab", is_clean, machine, named)


@pytest.mark.parametrize(
    ("figure", "best", "expected"),
    [
        (Figure("a page", 3.0, 2.0, "ms"), None, ""),
        (Figure("a page", 3.0, 2.0, "ms", limit=1.5), None, ""),
        (Figure("a page", 3.0, 2.0, "ms", limit=1.4), None, "over"),
        (Figure("a page", 3.0, 2.0, "ms", budget=3.0), None, ""),
        (Figure("a page", 3.0, 2.0, "ms", budget=2.9), None, "over"),
        (Figure("a page", 2.4, 2.0, "ms"), 1.0, ""),
        (Figure("a page", 2.5, 2.0, "ms"), 1.0, "worse than 1.00"),
        (Figure("a page", 2.5, 2.0, "ms", limit=3.0, budget=9.0), 1.0, "worse than 1.00"),
        (Figure("two references", 2.5, 2.0, "ms", is_judged=False), 1.0, ""),
    ],
)
def test_a_figure_fails_over_its_budget_and_a_fifth_above_the_best(
    figure: Figure, best: float | None, expected: str
) -> None:
    assert verdict(figure, best) == expected


def test_of_two_measurements_the_better_one_counts() -> None:
    worse = replace(FIGURE, value=5.0)
    assert better(worse, FIGURE) == better(FIGURE, worse) == FIGURE


def test_a_measurement_within_its_budget_is_better_than_one_of_a_lower_ratio() -> None:
    fits, exceeds = Figure("a", 3.0, 1.0, "kB", budget=3.0), Figure("a", 4.0, 2.0, "kB", budget=3.0)
    assert better(fits, exceeds) == fits


def test_the_table_names_value_reference_ratio_budget_and_verdict() -> None:
    _, line = table([Figure("a page", 3.0, 2.0, "ms", limit=1.4, budget=9.0)], {})
    assert re.split("  +", line) == ["a page", "3 ms", "2 ms", "1.50", "1.40 ×, 9 ms", "over"]


def test_the_best_ratio_is_the_least_of_all_runs_of_a_commit() -> None:
    runs = [run_of(replace(FIGURE, value=value)) for value in (4.0, 3.0, 5.0)]
    assert best_ratios(runs, MACHINE) == {"a page": 1.5}


def test_runs_of_other_machines_and_of_uncommitted_code_do_not_count() -> None:
    fast = replace(FIGURE, value=0.1)
    others = [
        replace(MACHINE, processor="Another"),
        replace(MACHINE, cores=4),
        replace(MACHINE, memory_gb=8),
        replace(MACHINE, python="3.12.1"),
        replace(MACHINE, node="22.1.0"),
    ]
    runs = [run_of(fast, machine=machine) for machine in others] + [run_of(fast, is_clean=False)]
    assert best_ratios([*runs, run_of(FIGURE)], MACHINE) == {"a page": 1.5}


def test_releases_that_only_mend_are_the_same_kind_of_machine() -> None:
    assert MACHINE.is_like(replace(MACHINE, python="3.11.9", node="20.1.0"))


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    path, figures = (
        tmp_path / "history.jsonl",
        [replace(FIGURE, limit=None), Figure("memory", 40.0, 20.0, "kB")],
    )
    append(run_of(*figures), path)
    append(run_of(figures[0], is_clean=False), path)
    assert read_history(path) == [run_of(*figures), run_of(figures[0], is_clean=False)]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "not JSON",
        "[]",
        '{"at": "2026-11-30T12:00:00Z"}',
        run_of(FIGURE).line().replace('"cores"', '"colours"'),
        run_of(FIGURE).line().replace('"ratio": 1.5', '"ratio": 0.5'),
        run_of(FIGURE).line().replace('"reference": 2.0', '"reference": 0'),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(run_of(FIGURE).line() + line.strip() + "\n")
    with pytest.raises(HistoryError, match=r"history\.jsonl, line 2"):
        read_history(path)


def test_a_history_that_does_not_exist_yet_is_empty(tmp_path: Path) -> None:
    assert read_history(tmp_path / "history.jsonl") == []


def test_the_history_has_every_figure_that_the_sizes_are_made_of() -> None:
    assert {size.figure for size in sizing.SIZES} <= sizing.latest_figures(read_history()).keys()


def test_the_sizes_in_the_guide_and_the_model_are_those_of_the_history() -> None:
    runs = read_history()
    hint = "`python -m bench sizing` writes them again"
    assert sizing.written(sizing.GUIDE) == sizing.sizes(runs), hint
    assert sizing.written(sizing.MODEL) == sizing.model(runs), hint


def test_sizes_come_from_the_latest_figures_of_the_last_machine() -> None:
    size, other = sizing.SIZES[0], replace(MACHINE, processor="Another")
    values = [(52.3, MACHINE), (71.2, other), (61.4, MACHINE)]
    runs = [run_of(Figure(size.figure, value, 1.0, "MB"), machine=machine) for value, machine in values]
    assert f"| {size.what} | 61 MB |" in sizing.sizes(runs).splitlines()


def test_only_the_marked_part_of_a_page_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"Before\n{sizing.BEGIN}\nold\n{sizing.END}\nAfter\n")
    new = f"{sizing.BEGIN}\nnew\n{sizing.END}\n"
    sizing.write(new, page)
    assert page.read_text() == f"Before\n{new}After\n"


COSTS = Costs(
    process_mb=70, page_mb=0.05, heartbeat=1e-5, change=1e-3, event=1e-5, lead=4e-3, read=1e-2, sync=5e-5
)


def test_the_time_of_a_change_grows_with_pages_and_processes() -> None:
    needed = need(COSTS, Load(pages=10_000, processes=4, changes=2.0, reads=10.0))
    assert needed.memory_mb == pytest.approx(4 * 70 + 10_000 * 0.05)
    assert needed.idle == pytest.approx(0.1)
    assert needed.change == pytest.approx(0.004 + 4 * 0.001 + 10_000 * 1e-5)
    assert needed.cores == pytest.approx(0.1 + 2 * needed.change + 10 * 0.01)


@pytest.mark.parametrize(
    ("pages", "changes", "reads", "expected"),
    [
        (100, 0.1, 1.0, 1),
        # The connections of a process.
        (20_000, 0.0, 0.0, 3),
        # 0.69 cores are left for pages asked for at one process.
        (100, 0.0, 100.0, 2),
        # What the leader does for a change is not shared.
        (100, 140.0, 0.0, None),
    ],
)
def test_there_are_as_many_processes_as_the_leader_needs_to_have_room(
    pages: int, changes: float, reads: float, expected: int | None
) -> None:
    assert processes_for(COSTS, pages, changes, reads, calls=1000) == expected


def test_a_sync_takes_a_tenth_of_the_time_at_most() -> None:
    few, many = (need(COSTS, Load(pages=0, processes=1, calls=calls)).cores for calls in (10_000, 10_000_000))
    assert few == pytest.approx(0.5 / 15)
    assert many == pytest.approx(0.1)
