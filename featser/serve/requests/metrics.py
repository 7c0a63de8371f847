"""Counts of requests and their seconds, in the text format of Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

BUCKETS_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """What a server has answered since its start.

    Examples
    --------
    >>> metrics = Metrics()
    >>> metrics.add("/healthz", 200, 0.03)
    >>> print(metrics.text({"featser_jobs": 0}).splitlines()[2])
    featser_requests_total{path="/healthz",status="200"} 1
    """

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._seconds: Counter[str] = Counter()
        self._buckets: Counter[tuple[str, float]] = Counter()
        self._count: Counter[str] = Counter()

    def add(self, path: str, status: int, seconds: float) -> None:
        """Count a request.

        Parameters
        ----------
        path : str
            That of its endpoint, not the one that the client sent.
        status : int
            Of the answer.
        seconds : float
            From the first byte of the request to the end of the answer.
        """
        self._requests[path, status] += 1
        self._count[path] += 1
        self._seconds[path] += seconds  # type: ignore[assignment]  # a Counter holds floats as well
        for bucket in BUCKETS_S:
            self._buckets[path, bucket] += seconds <= bucket

    def text(self, gauges: Mapping[str, float]) -> str:
        """Return all counts, and values of the moment.

        Parameters
        ----------
        gauges : mapping of str to float
            Such as the number of requests that wait.
        """
        lines = [
            "# HELP featser_requests_total Requests by endpoint and status.",
            "# TYPE featser_requests_total counter",
        ]
        for (path, status), count in sorted(self._requests.items()):
            lines.append(f'featser_requests_total{{path="{path}",status="{status}"}} {count}')
        lines += [
            "# HELP featser_request_seconds Seconds of a request, with those to receive it.",
            "# TYPE featser_request_seconds histogram",
        ]
        name = "featser_request_seconds"
        for path, count in sorted(self._count.items()):
            for bucket in BUCKETS_S:
                value = self._buckets[path, bucket]
                lines.append(f'{name}_bucket{{path="{path}",le="{bucket}"}} {value}')
            lines.append(f'{name}_bucket{{path="{path}",le="+Inf"}} {count}')
            lines.append(f'{name}_sum{{path="{path}"}} {self._seconds[path]:.6f}')
            lines.append(f'{name}_count{{path="{path}"}} {count}')
        for gauge, number in gauges.items():
            lines += [f"# TYPE {gauge} gauge", f"{gauge} {number:g}"]
        return "\n".join(lines) + "\n"
