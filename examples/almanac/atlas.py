"""Maps: a tree over the stations, built by recursion, and heat maps drawn from it."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Optional

from stations import Station

PIXELS = 36
NEIGHBOURS = 4


@dataclass
class Tree:
    """A k-d tree: every node splits what is below it in two, by east and north in turn."""

    station: Station
    axis: int
    before: Optional[Tree]
    after: Optional[Tree]

    @classmethod
    def of(cls, places: list[Station], depth: int = 0) -> Optional[Tree]:
        """Builds the tree over some stations."""
        if not places:
            return None
        axis = 1 + depth % 2
        ordered = sorted(places, key=lambda station: station[axis])
        middle = len(ordered) // 2
        return cls(
            ordered[middle],
            axis,
            cls.of(ordered[:middle], depth + 1),
            cls.of(ordered[middle + 1 :], depth + 1),
        )


def draw(tree: Optional[Tree], warmth: dict[Station, float]) -> list[list[float]]:
    """A map of the warmth, row by row, from the stations nearest to each pixel."""
    step = 100 / PIXELS
    return [
        [blend(nearest(tree, (column * step, row * step)), warmth) for column in range(PIXELS)]
        for row in range(PIXELS)
    ]


def nearest(tree: Optional[Tree], point: tuple[float, float]) -> list[tuple[float, Station]]:
    """The stations nearest to a point, each with its squared distance."""
    found: list[tuple[float, Station]] = []
    search(tree, point, found)
    return [(-distance, station) for distance, station in found]


def search(
    tree: Optional[Tree], point: tuple[float, float], found: list[tuple[float, Station]]
) -> None:
    """Descends to the side of the point first, and to the other only if it can be nearer."""
    if tree is None:
        return
    distance = squared_distance(tree.station, point)
    if len(found) < NEIGHBOURS:
        heapq.heappush(found, (-distance, tree.station))
    elif distance < -found[0][0]:
        heapq.heapreplace(found, (-distance, tree.station))
    offset = point[tree.axis - 1] - tree.station[tree.axis]
    near, far = (tree.before, tree.after) if offset < 0 else (tree.after, tree.before)
    search(near, point, found)
    if len(found) < NEIGHBOURS or offset * offset < -found[0][0]:
        search(far, point, found)


def squared_distance(station: Station, point: tuple[float, float]) -> float:
    """How far a station is from a point."""
    return (station.east - point[0]) ** 2 + (station.north - point[1]) ** 2


def blend(near: list[tuple[float, Station]], warmth: dict[Station, float]) -> float:
    """The warmth at a pixel: near stations count more than far ones."""
    weights = [(1 / (1 + distance), station) for distance, station in near]
    return sum(weight * warmth[station] for weight, station in weights) / sum(
        weight for weight, _ in weights
    )
