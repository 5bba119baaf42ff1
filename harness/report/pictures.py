"""Each chart of the page as a picture, for wikis that take no HTML: in the page's light colours."""

import re
from pathlib import Path
from typing import Any, Final, Literal

import vl_convert

from harness.analysis import RecordedRun, analyse
from harness.report.charts import Chart, charts
from harness.report.html import PAGE_FOLDER

PictureFormat = Literal["svg", "png"]
PICTURES_FOLDER: Final = "pictures"
_WIDTH_PX: Final = 960
_PNG_SCALE: Final = 2.0  # sharp on a dense screen
_VARIABLE: Final = re.compile(r"var\(--([a-z-]+)\)")


def write_pictures(run: Path, form: PictureFormat) -> list[Path]:
    """Write `pictures/<chart>.<form>` into the run folder; what was written.

    Raises NoRecordingError for a folder that holds no run, OSError when it cannot be written.
    """
    drawn = charts(analyse(RecordedRun.load(run)))
    folder = run / PICTURES_FOLDER
    folder.mkdir(exist_ok=True)
    paths = []
    for key, chart in drawn.items():
        paths.append(folder / f"{key}.{form}")
        paths[-1].write_bytes(picture(chart, form))
    return paths


def picture(chart: Chart, form: PictureFormat) -> bytes:
    """`chart` drawn with its title, without asking any address."""
    spec = _coloured(chart.spec, light_colours())
    spec |= {"width": _WIDTH_PX, "background": "#ffffff", "padding": 12}
    spec["title"] = {"text": chart.title, "anchor": "start", "fontSize": 15}
    if form == "png":
        png: bytes = vl_convert.vegalite_to_png(spec, scale=_PNG_SCALE, allowed_base_urls=[])
        return png
    svg: str = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    return svg.encode()


def light_colours() -> dict[str, str]:
    """The page's colours by the names of their variables."""
    style = (PAGE_FOLDER / "report.css").read_text(encoding="utf-8")
    light = style[style.index(":root {") : style.index("@media")]
    return dict(re.findall(r"--([a-z-]+):\s*([^;]+);", light))


def _coloured(value: Any, colours: dict[str, str]) -> Any:
    """A specification with every variable of the page replaced, but none in the data."""
    if isinstance(value, str):
        return _VARIABLE.sub(lambda found: colours[found[1]], value)
    if isinstance(value, list):
        return [_coloured(one, colours) for one in value]
    if isinstance(value, dict):
        return {
            key: one if key == "values" else _coloured(one, colours) for key, one in value.items()
        }
    return value
