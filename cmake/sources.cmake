# Every source, by folder.  A test compares this with the disk.

# --- what YANK_OS and YANK_ARCH may be -------------------------------------------

set(YANK_OS_FOLDERS linux windows none)
set(YANK_ARCH_FOLDERS amd64 arm64 riscv64 none)
set(YANK_ARCH_WITH_SWITCH amd64 arm64 riscv64) # Gs with stacks of their own

# --- core ---------------------------------------------------------------------------

set(YANK_CORE_SOURCES
  core/block.c
  core/blocking.c
  core/codemap.c
  core/fork.c
  core/host.c
  core/host_fiber.c
  core/init.c
  core/lock.c
  core/monitor.c
  core/preempt.c
  core/region.c
  core/registry.c
  core/report.c
  core/request.c
  core/resume.c
  core/safepoint.c
  core/status.c
  core/suspend.c
  core/thread.c
  core/trace.c
  core/trace_json.c
  core/trace_read.c)

# --- systems: os/<name>, and what stands for one system on one CPU ------------------

set(YANK_POSIX_SOURCES
  os/posix/fault.c
  os/posix/kick.c
  os/posix/mthread.c
  os/posix/pages.c
  os/posix/posix.c
  os/posix/posix_thread.c
  os/posix/self.c
  os/posix/sigstack.c)

set(YANK_OS_linux_SOURCES
  ${YANK_POSIX_SOURCES}
  os/linux/futex.c
  os/linux/linux.c
  os/linux/linux_signal.c
  os/linux/thread_sleeps.c
  os/linux/thread_stack.c)
set(YANK_OS_linux_amd64_SOURCES os/linux/ucontext_amd64.c)
set(YANK_OS_linux_arm64_SOURCES os/linux/ucontext_arm64.c)
set(YANK_OS_linux_riscv64_SOURCES os/linux/ucontext_riscv64.c)
set(YANK_OS_linux_none_SOURCES os/linux/ucontext_none.c)
set(YANK_OS_linux_LIBRARIES pthread)

set(YANK_OS_windows_SOURCES
  os/windows/apc.c
  os/windows/suspend_kick.c
  os/windows/suspend_lock.c
  os/windows/windows.c
  os/windows/windows_fault.c
  os/windows/windows_mthread.c
  os/windows/windows_pages.c
  os/windows/windows_self.c
  os/windows/windows_thread.c
  os/windows/windows_wait.c)
set(YANK_OS_windows_amd64_SOURCES os/windows/context_amd64.c)
set(YANK_OS_windows_arm64_SOURCES
  os/windows/context_arm64.c
  os/windows/continue_arm64.S)
set(YANK_OS_windows_none_SOURCES os/windows/context_none.c)
set(YANK_OS_windows_LIBRARIES synchronization ntdll)

set(YANK_OS_none_SOURCES
  os/none/none.c)
set(YANK_OS_none_amd64_SOURCES "")
set(YANK_OS_none_none_SOURCES "")
set(YANK_OS_none_LIBRARIES)

# --- CPUs ------------------------------------------------------------------------------

set(YANK_ARCH_amd64_SOURCES arch/offsets.c arch/amd64/amd64.c)
set(YANK_ARCH_amd64_ASM_SOURCES
  arch/amd64/stub_amd64.S
  arch/amd64/switch_amd64.S)

set(YANK_ARCH_arm64_SOURCES arch/offsets.c arch/arm64/arm64.c)
set(YANK_ARCH_arm64_ASM_SOURCES
  arch/arm64/stub_arm64.S
  arch/arm64/switch_arm64.S)

set(YANK_ARCH_riscv64_SOURCES arch/offsets.c arch/riscv64/riscv64.c)
set(YANK_ARCH_riscv64_ASM_SOURCES
  arch/riscv64/stub_riscv64.S
  arch/riscv64/switch_riscv64.S)

set(YANK_ARCH_none_SOURCES arch/none/none_arch.c)
set(YANK_ARCH_none_ASM_SOURCES)

# --- the default scheduler -----------------------------------------------------------

set(YANK_SCHED_SOURCES
  sched/alarms.c
  sched/blocking_call.c
  sched/credit.c
  sched/limits.c
  sched/overflow.c
  sched/rights.c
  sched/run_queue.c
  sched/sched.c
  sched/sched_report.c
  sched/sched_wait.c
  sched/slices.c
  sched/task.c
  sched/task_end.c
  sched/task_memory.c
  sched/task_stack.c
  sched/worker.c)

# --- not instrumented by ThreadSanitizer ---------------------------------------------
# What the handler runs.  It may have interrupted TSan's own runtime, in the
# middle of itself, and would deadlock on its way back into it.  Everything else
# is instrumented, g0 included: a stop never happens inside that runtime, since
# it is not registered code.  (yank_bump() in core/status.c is marked in place:
# the rest of its file has the atomics by which TSan sees what is ordered.)
set(YANK_UNINSTRUMENTED_SOURCES
  arch/amd64/amd64.c
  arch/arm64/arm64.c
  arch/riscv64/riscv64.c
  core/codemap.c
  core/preempt.c
  core/report.c
  core/safepoint.c
  core/trace.c
  os/linux/futex.c
  os/linux/linux_signal.c
  os/linux/ucontext_amd64.c
  os/linux/ucontext_arm64.c
  os/linux/ucontext_riscv64.c
  os/posix/kick.c
  os/posix/self.c)

# --- what this build takes: YANK_SOURCES, YANK_ASM_SOURCES, YANK_OS_LIBRARIES --------

macro(yank_collect_sources)
  set(YANK_SOURCES
    ${YANK_CORE_SOURCES}
    ${YANK_OS_${YANK_OS}_SOURCES}
    ${YANK_OS_${YANK_OS}_${YANK_ARCH}_SOURCES}
    ${YANK_ARCH_${YANK_ARCH}_SOURCES})
  if(YANK_SCHED)
    list(APPEND YANK_SOURCES ${YANK_SCHED_SOURCES})
  endif()
  set(YANK_ASM_SOURCES ${YANK_ARCH_${YANK_ARCH}_ASM_SOURCES})
  set(YANK_OS_LIBRARIES ${YANK_OS_${YANK_OS}_LIBRARIES})
endmacro()
