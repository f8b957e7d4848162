"""Makes a weather almanac out of station logs: a small program with a bit of everything.

It waits for downloads, parses text in a pipeline of generators, builds a tree by recursion, draws
maps and charts in pure Python, and packs the pages in a thread of its own (zlib, a C library).
Run it as `python examples/almanac`, or look at it with `python -m pyflame examples/almanac`.
"""

from __future__ import annotations

import archive
import atlas
import pages
import parsing
import stations


def main() -> None:
    packer = archive.Packer()
    packer.start()
    places = {}
    for station in stations.all_stations():
        log = stations.download(station)
        summary = parsing.summarise(log)
        places[station] = summary
        packer.add(f"{station.name}.html", pages.station_page(station, summary))
    tree = atlas.Tree.of(list(places))
    for month in range(1, 13):
        heat = atlas.draw(tree, {place: year.months[month] for place, year in places.items()})
        packer.add(f"month-{month}.html", pages.month_page(month, heat))
    print(packer.finish())


if __name__ == "__main__":
    main()
