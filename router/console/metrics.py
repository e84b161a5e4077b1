"""What `GET /metrics` tells: numbers read from the running parts at each scrape.

The parts count for themselves and know nothing of Prometheus; whoever builds them names each number once, as a
`Reading`. A number that cannot be had, such as the store's when it is away, is left out of that scrape.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from router.store.errors import StoreError

log = structlog.get_logger()

READ_S = 2.0  # for all numbers that are asked for elsewhere

Numbers = float | Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One number, or one for each value of `label`.

    name: such as "callrouter_live_calls", with its unit last. counts: it only goes up, from 0 at the start of the
    process; such a name gets "_total" at its end. read: gives it now; None when there is nothing to tell.
    """

    name: str
    help: str
    read: Callable[[], Numbers | Awaitable[Numbers | None] | None]
    counts: bool = False
    label: str = ""


class Metrics:
    """The page, from `readings` and what the operating system knows of the process."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._readings = tuple(readings)
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)

    async def page(self) -> bytes:
        """In the text format of Prometheus."""
        numbers = await asyncio.gather(*(_read(reading) for reading in self._readings))
        registry = CollectorRegistry()
        registry.register(
            _Read([pair for pair in zip(self._readings, numbers, strict=True) if pair[1] is not None])
        )
        return generate_latest(registry) + generate_latest(self._process)


async def _read(reading: Reading) -> Numbers | None:
    given = reading.read()
    if not inspect.isawaitable(given):
        return given
    try:
        async with asyncio.timeout(READ_S):
            return await given
    except (StoreError, TimeoutError) as error:
        log.warning("metric left out", metric=reading.name, error=str(error) or "no answer")
        return None


class _Read(Collector):
    def __init__(self, numbers: Sequence[tuple[Reading, Numbers | None]]) -> None:
        self._numbers = numbers

    def collect(self) -> Iterator[Metric]:
        for reading, number in self._numbers:
            family = CounterMetricFamily if reading.counts else GaugeMetricFamily
            if isinstance(number, Mapping):
                metric = family(reading.name, reading.help, labels=[reading.label])
                for value, each in number.items():
                    metric.add_metric([value], each)
            else:
                metric = family(reading.name, reading.help, value=number)
            yield metric
