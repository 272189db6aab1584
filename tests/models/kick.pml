/* The order of the answer.  One requester may have a kick on its way and be
 * gone (its ask withdrawn); another asks and relies on the ticket it finds.
 * The first REFUSE deliveries hit an unsafe instruction.
 *
 * ORDER 0: clear, test, act, answer     nobody is left waiting
 *       1: test, act, answer, clear     as Go's doSigPreempt
 *       2: test, act, clear, answer     enough for who waits, not for a
 *                                       yield request, which nobody repeats
 * WAITS 1: the asker waits for the generation and asks again; 0: fire and
 * forget, with no refusals.  yank_do_sig_preempt() in preempt.c. */
#ifndef ORDER
#define ORDER 0
#endif
#ifndef WAITS
#define WAITS 1
#endif
#ifndef REFUSE
#define REFUSE WAITS
#endif

bool want = false, stopped = false, pending = true, kick = true;
byte gen = 0, delivered = 0;
/* A kick may come at any time from outside too. */
inline clear()  { pending = false }
inline act()
{
    if :: want && delivered > REFUSE -> stopped = true :: else fi
}
inline answer() { gen = (gen < 6 -> gen + 1 : gen) }

active proctype Target()
{
end_loop:
    do
    :: stopped -> break
    :: !stopped && kick ->
        kick = false; delivered = (delivered < 3 -> delivered + 1 : 3);
        if
        :: ORDER == 0 -> clear(); act(); answer()
        :: ORDER == 1 -> act(); answer(); clear()
        :: ORDER == 2 -> act(); clear(); answer()
        fi
    od
}

active proctype Asker()
{
    byte seen;
    bool mine;
again:
    want = true;
    seen = gen;
    atomic { mine = !pending; pending = true };
    if :: mine -> kick = true :: else fi;
    if
    :: stopped
    :: WAITS && gen != seen && !stopped -> goto again
    fi
}
