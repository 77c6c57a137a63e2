/*
 * Shows a program a processor without AVX-512, VNNI and AMX, so that a machine that has them can measure what one with AVX2 alone would do:
 *
 *   cc -O2 -shared -fPIC -o /tmp/only-avx2.so bench/only-avx2.c -ldl
 *   LD_PRELOAD=/tmp/only-avx2.so npm run bench
 *
 * x86-64 Linux, on a processor whose flags in /proc/cpuinfo have `cpuid_fault`. The instruction CPUID is made to fault
 * (arch_prctl(2), ARCH_SET_CPUID); the handler runs it and clears the bits below (Intel's manual, volume 2A, "CPUID"). The C library has
 * chosen its own copying routines before this is loaded; ONNX Runtime and libvips choose afterwards.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define ARCH_SET_CPUID 0x1012

/* Leaf 7, subleaf 0: AVX-512 F, DQ, IFMA, CD, BW, VL. */
#define NO_EBX (1u << 16 | 1u << 17 | 1u << 21 | 1u << 28 | 1u << 30 | 1u << 31)
/* AVX-512 VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ. */
#define NO_ECX (1u << 1 | 1u << 6 | 1u << 11 | 1u << 12 | 1u << 14)
/* AMX BF16, AVX-512 FP16, AMX tiles, AMX INT8. */
#define NO_EDX (1u << 22 | 1u << 23 | 1u << 24 | 1u << 25)
/* Subleaf 1: AVX-VNNI, AVX-512 BF16, AMX FP16. */
#define NO_EAX1 (1u << 4 | 1u << 5 | 1u << 21)
/* Subleaf 1: AVX-VNNI-INT8, AVX-NE-CONVERT, AVX-VNNI-INT16, AVX10. */
#define NO_EDX1 (1u << 4 | 1u << 5 | 1u << 10 | 1u << 19)

typedef int (*sigaction_fn)(int, const struct sigaction *, struct sigaction *);

static struct sigaction theirs;

static sigaction_fn real_sigaction(void) {
  return (sigaction_fn)dlsym(RTLD_NEXT, "sigaction");
}

static void on_fault(int number, siginfo_t *info, void *context) {
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  const uint8_t *code = (const uint8_t *)registers[REG_RIP];
  if (info->si_code == SI_KERNEL && code[0] == 0x0f && code[1] == 0xa2) {
    uint32_t leaf = registers[REG_RAX], subleaf = registers[REG_RCX], a, b, c, d;
    syscall(SYS_arch_prctl, ARCH_SET_CPUID, 1);
    __cpuid_count(leaf, subleaf, a, b, c, d);
    syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0);
    if (leaf == 7 && subleaf == 0) b &= ~NO_EBX, c &= ~NO_ECX, d &= ~NO_EDX;
    if (leaf == 7 && subleaf == 1) a &= ~NO_EAX1, d &= ~NO_EDX1;
    registers[REG_RAX] = a, registers[REG_RBX] = b, registers[REG_RCX] = c, registers[REG_RDX] = d;
    registers[REG_RIP] += 2;
    return;
  }
  if (theirs.sa_flags & SA_SIGINFO) {
    theirs.sa_sigaction(number, info, context);
  } else if (theirs.sa_handler != SIG_DFL && theirs.sa_handler != SIG_IGN) {
    theirs.sa_handler(number);
  } else {
    signal(SIGSEGV, SIG_DFL);
  }
}

/* The program's own handler of the same signal gets what is not ours. */
int sigaction(int number, const struct sigaction *action, struct sigaction *old) {
  if (number != SIGSEGV) return real_sigaction()(number, action, old);
  if (old != NULL) *old = theirs;
  if (action != NULL) theirs = *action;
  return 0;
}

__attribute__((constructor)) static void begin(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
  real_sigaction()(SIGSEGV, &action, NULL);
  syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0);
}
