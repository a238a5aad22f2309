"""Errors to messages and exit codes; a traceback means a bug in supplysim."""

from __future__ import annotations

import errno
from typing import Any

import typer
from typer.core import TyperGroup

from supplysim.cli.show import complain, say
from supplysim.errors import InvalidInput, SupplysimError

__all__ = ["Guarded"]

FAILED, REFUSED, INTERRUPTED = 1, 2, 130


class Guarded(TyperGroup):
    """The group of commands, with every foreseen error told in plain words."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except InvalidInput as error:
            complain(str(error))
            raise typer.Exit(REFUSED) from None
        except SupplysimError as error:
            complain(str(error))
        except KeyboardInterrupt:
            say("\ninterrupted; nothing was written")
            raise typer.Exit(INTERRUPTED) from None
        except MemoryError:
            complain("out of memory; try fewer --replications or a shorter --horizon")
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            where = f"{error.filename}: " if error.filename else ""
            complain(f"{where}{error.strerror or error}")
        raise typer.Exit(FAILED)
