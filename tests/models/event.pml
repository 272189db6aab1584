/* The event word: who waits counts itself and then reads the event; who bumps
 * adds to the event and then reads the count.
 * SWAP 1: the bump reads the count first: a wake-up is lost.
 * COMPARE 0: the sleep does not compare the word in one step: the same.
 * yank_wait_event(), yank_bump() in status.c. */
#ifndef SWAP
#define SWAP 0
#endif
#ifndef COMPARE
#define COMPARE 1
#endif

byte event = 0, sleepers = 0, asleep = 0, told = 0;

proctype Waiter()
{
    byte ev, now;
again:
    ev = event;
    if
    :: told -> goto done
    :: else
    fi;
    sleepers++;
    now = event;
    if
    :: now == ev ->
        /* a futex compares and sleeps in one step */
        if
        :: COMPARE -> atomic { if :: event == ev -> asleep++; (asleep == 0)
                                  :: else fi }
        :: else -> asleep++; (asleep == 0)
        fi
    :: else
    fi;
    sleepers--;
    goto again;
done:
    skip
}

active proctype Bumper()
{
    byte n;
    told = 1;
    if
    :: SWAP -> n = sleepers; event++
    :: else -> event++; n = sleepers
    fi;
    if :: n != 0 -> asleep = 0 :: else fi
}

init { atomic { run Waiter(); run Waiter() } }
