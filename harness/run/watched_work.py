"""Work that goes on side by side until it is done, or until a watcher stops it."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def run_together(*parts: Coroutine[Any, Any, None]) -> None:
    """Run `parts` side by side; when one fails the others are cancelled, and heal, first."""
    async with asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(part)


async def run_watched(work: Coroutine[Any, Any, None], watch: Coroutine[Any, Any, None]) -> None:
    """Do `work` unless `watch` ends or fails before; either way nothing goes on afterwards.

    Raises what one of them raised, without the groups around it.
    """
    both = (asyncio.ensure_future(work), asyncio.ensure_future(watch))
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for future in both:
            if not future.done():
                future.cancel()
        results = await asyncio.gather(*both, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise plain_error(result)


def plain_error(error: BaseException) -> BaseException:
    """The first plain exception of a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
