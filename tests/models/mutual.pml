/* Threads that suspend each other in a ring of N.  While it waits a suspender
 * is Waiting and can be claimed; it returns only as Running, and for that its
 * own claim must be gone.
 * GIVE_BACK 0: it keeps what it holds while it waits for that: deadlock.
 * GIVE_BACK 1: it resumes what it holds, waits, and begins again.
 * CLAIMABLE 0: it stays Running and waits for the other's park: deadlock.
 * suspend() in suspend.c. */
#ifndef GIVE_BACK
#define GIVE_BACK 1
#endif
#ifndef CLAIMABLE
#define CLAIMABLE 1
#endif
#ifndef N
#define N 2
#endif

bool scan[N], waiting[N], parked[N], holds[N], over[N];

proctype Thread(byte me)
{
    byte other = (me + 1) % N;
    byte rounds = 0;
begin:
    waiting[me] = CLAIMABLE;
    /* The other is Waiting, or past its call and so stopped by a kick. */
    atomic { (waiting[other] || over[other]) && !scan[other] ->
             scan[other] = true };
    if
    :: atomic { !scan[me] -> waiting[me] = false }
    :: scan[me] && GIVE_BACK ->
        scan[other] = false;
        atomic { !scan[me] -> waiting[me] = false };
        rounds++;
        /* In the random pauses of core/ somebody gets through. */
        if :: rounds < 3 -> goto begin :: else -> goto done fi
    fi;
    assert(!scan[me] || !waiting[me]);
    scan[other] = false; /* looks, resumes */
done:
    over[me] = true
}

init
{
    byte i;
    atomic { for (i : 0 .. N - 1) { run Thread(i) } }
}
