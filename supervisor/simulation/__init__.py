"""A profile without its many processes: to find mistakes of the code before those of running side by side.

::

    stage        all workers as threads of one process, watched as ever (`procdeck run --simulate`)
    sequential   all workers one after another, in one thread (`procdeck run --simulate=sequential`)
    foreground   one worker in this terminal, under pdb (`procdeck debug`)

What runs in a worker's place needs the standard library only, as in `supervisor.agent`.
"""
