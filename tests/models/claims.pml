/* Several claims by one call.  Three suspenders, G 0 and 1 are their own (the
 * third runs on none), 2 and 3 plain targets:
 *     S0 wants 2, 3, 1;   S1 wants 3, 2, 0;   S2 wants 2, 3
 * Each claims in G-id order, and gives everything back before it sleeps while
 * it is claimed itself.
 * ORDERED 0: in the caller's order: S0 and S1 meet with 2 and 3: deadlock.
 * GIVE_BACK 0: S0 and S1 hold each other: deadlock.
 * suspend_batch() and suspend() in suspend.c. */
#ifndef ORDERED
#define ORDERED 1
#endif
#ifndef GIVE_BACK
#define GIVE_BACK 1
#endif

bool own[4];       /* G i is claimed */
bool waiting[4];   /* G i is Waiting or stopped: it can be claimed */

inline claim(g) { atomic { waiting[g] && !own[g] -> own[g] = true } }

/* Give back what was claimed so far. */
inline back(n, a, b, c)
{
    if :: n > 0 -> own[a] = false :: else fi;
    if :: n > 1 -> own[b] = false :: else fi;
    if :: n > 2 -> own[c] = false :: else fi
}

/* Claim the k-th, or notice that we are claimed while we hold some. */
inline next(me, g, n)
{
    if
    :: atomic { waiting[g] && !own[g] -> own[g] = true }; n++
    :: GIVE_BACK && n > 0 && me < 2 && own[me] -> goto give
    fi
}

proctype Suspender(byte me; byte a; byte b; byte c)
{
    byte n, rounds = 0;
begin:
    n = 0;
    if :: me < 2 -> waiting[me] = true :: else fi;
    next(me, a, n);
    next(me, b, n);
    next(me, c, n);
    if
    :: me >= 2
    :: atomic { me < 2 && !own[me] -> waiting[me] = false }
    :: GIVE_BACK && me < 2 && own[me] -> goto give
    fi;
    back(n, a, b, c); /* looks, resumes all */
    goto done;
give:
    back(n, a, b, c);
    atomic { !own[me] -> waiting[me] = false };
    rounds++;
    if :: rounds < 2 -> goto begin :: else fi;
done:
    if :: me < 2 -> waiting[me] = true :: else fi /* user code: a kick */
}

init
{
    atomic {
        waiting[2] = true; waiting[3] = true;
        if
        :: ORDERED -> run Suspender(0, 1, 2, 3); run Suspender(1, 0, 2, 3)
        :: else -> run Suspender(0, 2, 3, 1); run Suspender(1, 3, 2, 0)
        fi;
        run Third()
    }
}

proctype Third()
{
    claim(2); claim(3);
    own[2] = false; own[3] = false
}
