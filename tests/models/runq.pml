/* One M.  G 0 has suspended G 1, which sits in the run queue, and yields.
 * WAIT 1: the scheduler pops G 1 and waits for the claim's end, as the seed's
 * casgstatus does: deadlock.  WAIT 0: it sets G 1 aside, and whoever finds
 * the claim gone and the mark set readies it, once.
 * RECHECK 0: the scheduler does not look at the claim again after the mark.
 * yank_m_take(), set_aside(), yank_ready_if_aside() in host.c. */
#ifndef WAIT
#define WAIT 0
#endif
#ifndef RECHECK
#define RECHECK 1
#endif

bool scan = true, aside = false, over[2];
chan queue = [3] of { byte };

/* A second holder on a thread of its own, so that claims come and go. */
active proctype Holder()
{
    bool took;
    if
    :: atomic { !scan && !over[1] -> scan = true };
        scan = false;
        atomic { took = aside; aside = false };
        if :: took -> queue!1 :: else fi
    :: true
    fi
}

active proctype M()
{
    byte g;
    bool took;
    queue!1; queue!0;
    do
    :: over[0] && over[1] -> break
    :: queue?g ->
        if
        :: g == 0 -> /* goes on: resumes G 1 */
            scan = false;
            atomic { took = aside; aside = false };
            if :: took -> queue!1 :: else fi;
            over[0] = true
        :: g == 1 && WAIT -> !scan; over[1] = true
        :: g == 1 && !WAIT ->
            if
            :: atomic { !scan -> assert(!over[1]); over[1] = true }
            :: scan ->
                aside = true;
                if
                :: RECHECK && !scan ->
                    atomic { took = aside; aside = false };
                    if :: took -> queue!1 :: else fi
                :: else
                fi
            fi
        fi
    od
}
