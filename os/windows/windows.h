/* What os/windows/ shares between its files.  Nothing here is public. */
#ifndef YANK_WINDOWS_PRIVATE_H
#define YANK_WINDOWS_PRIVATE_H

#include "../os.h"

#include <yank/windows.h>

/* gcc 12 takes an address relative to a segment, as NtCurrentTeb() reads it,
 * for one outside of all objects. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Warray-bounds"
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#pragma GCC diagnostic pop

/* Bits of ContextFlags, of all CPUs; MinGW names them for some. */
#define YANK_CONTEXT_IN_EXCEPTION 0x08000000u
#define YANK_CONTEXT_IN_SERVICE 0x10000000u
#define YANK_CONTEXT_ASK 0x40000000u /* the call shall say which */
#define YANK_CONTEXT_SAYS 0x80000000u /* it does */

/* --- what the kick calls -------------------------------------------------*/

/* processthreadsapi.h of late SDKs. */
#define YANK_APC_SPECIAL 0x1u
#define YANK_APC_WITH_CONTEXT 0x10000u
struct yank_apc_data {
    ULONG_PTR parameter;
    CONTEXT *context;
    ULONG_PTR reserved[2];
};
typedef BOOL WINAPI yank_queue_apc_fn(PAPCFUNC fn, HANDLE thread,
                                      ULONG_PTR data, DWORD flags);

/* The calls by which a thread is interrupted, so that tests can make each of
 * them fail and bring those that a system lacks.  Written by yank_os_init(),
 * but for those that are set already. */
struct yank_windows_api {
    DWORD(WINAPI *suspend)(HANDLE thread);
    DWORD(WINAPI *resume)(HANDLE thread);
    BOOL(WINAPI *get_context)(HANDLE thread, CONTEXT *context);
    BOOL(WINAPI *set_context)(HANDLE thread, const CONTEXT *context);
    yank_queue_apc_fn *queue_apc; /* null: the system has it not */
};
extern struct yank_windows_api yank_windows_api;

/* --- a thread that is an M -----------------------------------------------*/

/* m->os_private. */
struct yank_windows_m {
    /* Ours alone and with no more rights than a kick needs: the number of a
     * thread that has ended may be another's by now.  Written by own, under
     * answering. */
    HANDLE thread;
    /* The thread's environment block, which ends with the thread; init. */
    const NT_TIB *tib;
    /* Held for the whole of one kick: one answer at a time.  any */
    _Atomic uint32_t answering;
    /* Its exception handler of ours runs; own. */
    _Atomic uint32_t in_fault;
    /* APCs that wait for an answer, the running one included; own. */
    _Atomic uint32_t apcs;
    /* One is queued and has not begun: no other, or resends would pile up on
     * the stack of a thread that was not run for a while.  1 any, 0 own. */
    _Atomic uint32_t queued;
};
_Static_assert(sizeof(struct yank_windows_m) <=
                   sizeof(((struct yank_m *)0)->os_private),
               "m->os_private holds it");

static inline struct yank_windows_m *yank_windows_of(struct yank_m *m)
{
    return (struct yank_windows_m *)(void *)m->os_private;
}

/* Where the thread's environment block says how far down its stack may grow;
 * winnt.h names only the two words at its head.  64 bits. */
#define YANK_TEB_DEALLOCATION_STACK 0x1478

/* --- suspend_lock.c ------------------------------------------------------*/

/* A word, 0 free.  Spins, then gives the processor away; the release is one
 * store.  The last error is kept.  AS-safe: no. */
void yank_windows_lock(_Atomic uint32_t *word);
void yank_windows_unlock(_Atomic uint32_t *word);
/* See to it that exit() calls yank_windows_exiting(); once a process.
 * Errors : YANK_ENOMEM */
int yank_windows_guard_exit(void);

/* --- suspend_kick.c ------------------------------------------------------*/

/* Kick m by suspending its thread.  Errors: as yank_preempt_m. */
int yank_windows_kick(struct yank_m *m);
/* Why the context of m's thread, as the system gave it, is not to be edited;
 * YANK_NOT_WANTED, which is 0, where nothing speaks against it. */
enum yank_outcome yank_windows_refusal(struct yank_m *m, const CONTEXT *c,
                                       const struct yank_regs *r);
/* YANK_E* for a failed call on the handle of a thread. */
int yank_windows_error(DWORD error);

/* --- apc.c ---------------------------------------------------------------*/

/* Are kicks APCs?  From init to fini. */
bool yank_windows_by_apc(void);
/* Use APCs if the system has them and a test of them passes. */
void yank_windows_apc_begin(void);
void yank_windows_apc_end(void);
int yank_windows_apc_kick(struct yank_m *m);
/* An answer on m's own thread, whatever interrupts it; c may be null. */
void yank_windows_apc_answer(struct yank_m *m, CONTEXT *c);

/* --- windows_self.c ------------------------------------------------------*/

/* Errors : YANK_EAGAIN no index is left; YANK_ENOMEM */
int yank_windows_self_begin(void);
void yank_windows_self_end(void);
int yank_windows_set_self(struct yank_m *m);

/* --- context_<cpu>.c -----------------------------------------------------*/

/* What GetThreadContext() is to give. */
extern const DWORD yank_windows_context_flags;
/* From and to a context; store writes what push_call may have edited: pc, sp,
 * lr, flags.  AS-safe: yes. */
void yank_windows_load(const CONTEXT *c, struct yank_regs *r);
void yank_windows_store(CONTEXT *c, const struct yank_regs *r);

#endif
