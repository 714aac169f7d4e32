"""`python -m workers up`: the same as `yizhan up`, without the script on the path."""

from workers.commands import yizhan

yizhan(prog_name="yizhan")
