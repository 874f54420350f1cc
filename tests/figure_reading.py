"""What stands in a figure: for tests of figures of every chapter."""


def texts(figure):
    """All that stands in titles, labels, ticks, notes and legends."""
    found = []
    for axis in figure.axes:
        found += [axis.get_title(), axis.get_title(loc="left"), axis.get_xlabel(), axis.get_ylabel()]
        found += [tick.get_text() for tick in (*axis.get_yticklabels(), *axis.get_xticklabels(), *axis.texts)]
    legends = [*figure.legends, *(axis.get_legend() for axis in figure.axes if axis.get_legend())]
    for legend in legends:
        found += [legend.get_title().get_text(), *(text.get_text() for text in legend.get_texts())]
    return " | ".join(found)


def labelled(axis, start):
    """The only line of a panel whose label starts so."""
    (line,) = [each for each in axis.lines if str(each.get_label()).startswith(start)]
    return line


def dashed(figure):
    """Thin grey lines: chance, no change, and the like."""
    return [line for axis in figure.axes for line in axis.lines if line.get_linestyle() == "--"]
