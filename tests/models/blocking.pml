/* A requester against a G that enters a blocking region: no kick may land in
 * the system call.  After its status change enter waits for kickers = 0 and
 * takes the kick whose ticket it finds; and the requester reads the status
 * again between its ticket and its send.
 * REREAD 0, COUNTED 0, TAKE 0 drop one part each.  REREAD only spares the
 * send: the other two make it safe.
 * send_kick() in request.c, yank_blocking_enter2() in blocking.c. */
#ifndef REREAD
#define REREAD 1
#endif
#ifndef COUNTED
#define COUNTED 1
#endif
#ifndef TAKE
#define TAKE 1
#endif

mtype = { Running, Blocking };
mtype status = Running;
bool scan = false, pending = false, kick = false, in_kernel = false;
byte kickers = 0, sent_to_blocking = 0;

proctype Requester()
{
    bool mine;
    if
    :: atomic { status == Running && !scan -> scan = true };
        kickers = kickers + COUNTED;
        scan = false;
        atomic { mine = !pending; pending = true };
        if
        :: mine ->
            if
            :: REREAD && status != Running -> pending = false
            :: else -> kick = true
            fi
        :: else
        fi;
        kickers = kickers - COUNTED
    :: status == Blocking /* claimed as it is */
    fi
}

active proctype G()
{
    do /* in user code a kick is harmless */
    :: atomic { kick -> kick = false }; pending = false
    :: atomic { !scan -> status = Blocking }; break
    od;
    do
    :: atomic { kick -> kick = false }; pending = false
    :: kickers == 0 -> break
    od;
    if
    :: TAKE && pending -> atomic { kick = false; pending = false }
    :: else
    fi;
    in_kernel = true;
    assert(!kick);
    in_kernel = false
}

/* Whenever a kick is there, the G must not be in the kernel. */
active proctype Watch() { end_watch: atomic { in_kernel && kick -> assert(false) } }

init { atomic { run Requester(); run Requester() } }
