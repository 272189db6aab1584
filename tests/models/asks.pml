/* Counted asks.  Three suspenders with deadlines want one G that runs user
 * code; kicks get lost and are sent again.  Claim: no suspender holds what
 * another holds, and when all are through the G runs and nobody owes it a
 * wake-up (else an invalid end state).
 *
 * PARK_REREAD  the park looks at asks again after it published Preempted
 * RESUME_REREAD  the resume looks again after it dropped its claim
 * Without either one a withdrawal in between strands the G.
 * COUNTED=0: one flag in place of the count; a withdrawal loses the others.
 * In core/: preempt_park() in preempt.c, release_preempted() in resume.c,
 * yank_withdraw() in request.c. */
#ifndef PARK_REREAD
#define PARK_REREAD 1
#endif
#ifndef RESUME_REREAD
#define RESUME_REREAD 1
#endif
#ifndef COUNTED
#define COUNTED 1
#endif
#ifndef SUSPENDERS
#define SUSPENDERS 3
#endif
/* 1: the first suspender has no deadline, and must get its stop */
#ifndef PATIENT
#define PATIENT 0
#endif

mtype = { Running, Preempted, Runnable };
mtype status = Running;
bool scan = false, injected = false, pending = false, kick = false;
byte asks = 0, holders = 0, finished = 0, through = 0;

inline add_ask()  { if :: COUNTED -> asks++ :: else -> asks = 1 fi }
inline sub_ask()  { if :: COUNTED -> asks-- :: else -> asks = 0 fi }

/* CAS Preempted to Runnable: one wake-up, by whoever wins. */
inline ready_if_unwanted()
{
    if
    :: asks == 0 ->
        atomic { if :: status == Preempted && !scan -> status = Runnable
                    :: else fi }
    :: else
    fi
}

active proctype G()
{
    bool want;
end_user:
    do
    :: kick ->
        /* the handler: clear, test, act */
        kick = false; pending = false;
        want = asks > 0;
        if :: want && !injected -> injected = true :: else fi;
        /* the stub, then g0 */
        if
        :: injected ->
            injected = false;
            if
            :: asks > 0 ->
                atomic { !scan; status = Preempted };
                if
                :: PARK_REREAD && asks == 0 ->
                    atomic { if :: status == Preempted && !scan ->
                                   status = Running
                                :: else fi }
                :: else
                fi;
                if
                :: status == Running
                :: atomic { status == Runnable && !scan -> status = Running }
                fi
            :: else
            fi
        :: else
        fi
    od
}

proctype Suspender(bool patient)
{
    bool asked = false, ticket;
    byte resent = 0;

    do
    :: atomic { status == Running && !scan && !asked -> scan = true };
        add_ask(); asked = true;
        scan = false;
        if
        :: !injected ->
            atomic { ticket = !pending; pending = true };
            /* sent, or sent and lost */
            if :: ticket -> if :: kick = true :: skip fi :: else fi
        :: else
        fi
    :: asked && status == Running && !injected && !kick && resent < 2 ->
        resent++; pending = true; kick = true
    :: atomic { status != Running && !scan -> scan = true };
        if :: asked -> sub_ask(); asked = false :: else fi;
        holders++; assert(holders == 1);
        holders--;
        if
        :: status == Preempted && asks > 0 ->
            scan = false;
            if :: RESUME_REREAD -> ready_if_unwanted() :: else fi
        :: status == Preempted && asks == 0 ->
            atomic { status = Runnable; scan = false }
        :: else -> scan = false
        fi;
        break
    :: asked && !patient -> /* the deadline; never waits */
        sub_ask(); asked = false;
        ready_if_unwanted();
        break
    :: !asked && !patient -> break /* deadline before the ask */
    od;
    finished++
}

init
{
    byte i;
    atomic {
        for (i : 1 .. SUSPENDERS) { run Suspender(PATIENT && i == 1) }
    }
    finished == SUSPENDERS;
    /* Whatever is still on its way comes to an end, and the G runs. */
    !kick && !injected && status == Running && !scan && asks == 0;
    through = 1
}
