// Gives memory back to the system that a program which idles would hold for days.
#define _GNU_SOURCE
#include <link.h>
#include <malloc.h>
#include <node_api.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

// Code and constants of the program and its libraries are mapped as they are read, and stay mapped: most of it was
// needed by the start alone. Dropped pages are still in the page cache, from where the next read maps them again.
static int drop_unwritten(struct dl_phdr_info *object, size_t size, void *data) {
  (void)size;
  (void)data;
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0) continue;
    // The last page may be shared with a segment that is written: it stays.
    uintptr_t start = (object->dlpi_addr + segment->p_vaddr + page - 1) & ~(page - 1);
    uintptr_t end = (object->dlpi_addr + segment->p_vaddr + segment->p_memsz) & ~(page - 1);
    if (end > start) (void)madvise((void *)start, end - start, MADV_DONTNEED);
  }
  return 0;
}

// glibc's free() returns only what lies at the end of its heap; one small block there keeps everything below it.
static napi_value trim(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value released;
  int trimmed = malloc_trim(0);
  (void)dl_iterate_phdr(drop_unwritten, NULL);
  if (napi_get_boolean(env, trimmed == 1, &released) != napi_ok) return NULL;
  return released;
}

NAPI_MODULE_INIT() {
  napi_value function;
  if (napi_create_function(env, "trim", NAPI_AUTO_LENGTH, trim, NULL, &function) != napi_ok) return exports;
  napi_set_named_property(env, exports, "trim", function);
  return exports;
}
