"""Periods of time that rows are grouped by, and the moments at which a row counts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, DateTime, column, func, literal_column, select, union_all

from db.access import Row
from db.enums import Words
from db.errors import BadInput

MAX_GROUPS = 750
"""Groups of one list: a month of hours, two years of days."""
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
"""The ends of the calendar, which the driver takes for infinite times."""


class Granularity(Words):
    """How long the periods of a list are. All begin and end in UTC."""

    HOUR = "HOUR", "Hours."
    DAY = "DAY", "Days."
    WEEK = "WEEK", "Weeks from Monday on."
    MONTH = "MONTH", "Months."
    YEAR = "YEAR", "Years."


class Moments:
    """The moments at which rows count that meet conditions, by their columns of these times, in the range of arguments.

    A row of several times is there once for each: an arm of a union, as each time may have an index of its own.
    """

    def __init__(
        self, row: Row, conditions: Sequence[ColumnElement[bool]], times: Sequence[str], arguments: Mapping[str, Any]
    ) -> None:
        columns = [row.c[name] for name in times]
        held = [[*conditions, time >= arguments["since"], time < arguments["until"]] for time in columns]
        self.rows: Any = row
        """The table or union that they are selected from."""
        self.conditions = held[0] if held else conditions
        """The conditions for those that count."""
        self._moment = columns[0] if columns else None
        self._times = times if len(times) > 1 else []
        if self._times:
            arms = (
                select(*row.c, time.label("_moment"), literal_column(f"{place}").label("_place")).where(*each)
                for place, (time, each) in enumerate(zip(columns, held, strict=True))
            )
            self.rows = union_all(*(arm.correlate_except(row) for arm in arms)).subquery("moments")
            self.conditions, self._moment = [], self.rows.c["_moment"]

    def begin(self, granularity: Granularity) -> ColumnElement[Any]:
        """The beginning of the period of the moment."""
        return _begin(granularity, self._moment)

    def of(self, time: str | None) -> list[ColumnElement[bool]]:
        """The condition that the moment is that of a time; of the first where none is named."""
        if not self._times:
            return []
        return [self.rows.c["_place"] == literal_column(f"{self._times.index(time) if time else 0}")]


def count_periods(since: datetime, until: datetime, granularity: Granularity) -> int:
    """How many periods a range touches; raises BadInput for more than there may be, and for a range that is none."""
    if not FIRST < since < until < LAST:
        raise BadInput("A range begins before it ends, and both moments lie within the calendar.", at="until")
    number = _place(granularity, until - timedelta(microseconds=1)) - _place(granularity, since) + 1
    if number > MAX_GROUPS:
        raise BadInput(
            f"This range has more than {MAX_GROUPS} periods: take a shorter one, or longer periods.", at="until"
        )
    return number


def _place(granularity: Granularity, moment: datetime) -> int:
    """The ordinal of the period of a moment among all."""
    day = moment.toordinal() - 1  # the first day of the calendar was a Monday
    match granularity:
        case Granularity.HOUR:
            return 24 * day + moment.hour
        case Granularity.DAY:
            return day
        case Granularity.WEEK:
            return day // 7
        case Granularity.MONTH:
            return 12 * moment.year + moment.month
        case Granularity.YEAR:
            return moment.year


def periods_of(since: Any, until: Any, granularity: Granularity, **_: Any) -> Any:
    """The first moment of each period in a range."""
    last = until - literal_column("INTERVAL '1 microsecond'")
    step: ColumnElement[Any] = literal_column(f"INTERVAL '1 {granularity}'")
    series = func.generate_series(_begin(granularity, since), last, step, literal_column("'UTC'"))
    return series.table_valued(column("period", DateTime(timezone=True))).render_derived(name="periods")


def _begin(granularity: Granularity, moment: Any) -> ColumnElement[Any]:
    return func.date_trunc(literal_column(f"'{granularity}'"), moment, literal_column("'UTC'"))
