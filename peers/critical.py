"""A critical-difference diagram (Demsar, JMLR 7, 2006): mean ranks on a line; programs that Nemenyi's test at 5 % does not tell apart are joined."""

import math
from html import escape

# Of the studentised range for infinitely many degrees of freedom, over the square root of 2, for 2, 3, ... programs.
QUANTILES = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]


def ranks(values):
    """Ranks from 1, the smallest first; ties share the mean of theirs."""
    return [sum(v < own - 1e-12 for v in values) + (sum(abs(v - own) <= 1e-12 for v in values) + 1) / 2 for own in values]


def critical_difference(n_programs, n_tables):
    """Difference of mean ranks from which two programs differ at 5 %."""
    return QUANTILES[n_programs - 2] * math.sqrt(n_programs * (n_programs + 1) / (6 * n_tables))


def groups(sorted_ranks, difference):
    """Longest runs of programs whose mean ranks are all within the difference, as pairs of positions."""
    found = []
    for first, low in enumerate(sorted_ranks):
        last = max(i for i, rank in enumerate(sorted_ranks) if rank - low <= difference)
        if last > first and not any(last <= end for _, end in found):
            found.append((first, last))
    return found


def diagram(mean_ranks, n_tables, title):
    """The SVG of programs with their mean ranks over so many tables."""
    named = sorted(mean_ranks.items(), key=lambda item: item[1])
    difference = critical_difference(len(named), n_tables)
    left, width, top = 190, 420, 74
    x = lambda rank: left + width * (rank - 1) / max(len(named) - 1, 1)
    joined = groups([rank for _, rank in named], difference)
    first_name = top + 24 + 10 * len(joined)
    height = first_name + 18 * len(named) + 8
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {height}" font-family="sans-serif" font-size="13">']
    parts.append(f'<rect width="800" height="{height}" fill="#fff"/><text x="10" y="18" font-weight="bold">{escape(title)}</text>')
    line = lambda x1, y1, x2, y2, w=1: f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#222" stroke-width="{w}"/>'
    parts += [line(x(1), 40, x(1 + difference), 40, 2), f'<text x="{x(1 + difference) + 8:.1f}" y="44">critical difference {difference:.2f}</text>']
    parts.append(line(x(1), top, x(len(named)), top))
    for rank in range(1, len(named) + 1):
        parts += [line(x(rank), top - 5, x(rank), top), f'<text x="{x(rank):.1f}" y="{top - 9}" text-anchor="middle">{rank}</text>']
    for n, (first, last) in enumerate(joined):
        parts.append(line(x(named[first][1]) - 4, top + 12 + 10 * n, x(named[last][1]) + 4, top + 12 + 10 * n, 4))
    for n, (name, rank) in enumerate(named):
        y = first_name + 18 * n
        parts += [line(x(rank), top, x(rank), y), line(left - 12, y, x(rank), y)]
        parts.append(f'<text x="{left - 18}" y="{y + 4}" text-anchor="end">{escape(name)} {rank:.2f}</text>')
    return "\n".join([*parts, "</svg>", ""])
