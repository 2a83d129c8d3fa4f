/* Where libFuzzer is not: gives every file of the folders named to the target, in any build. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum { INPUT_MAX = 1 << 20, PATH_MAX_HERE = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void replay_file(const char *path) {
  FILE *file = fopen(path, "rb");
  VLS_ASSERT(file != NULL);
  uint8_t *room = malloc(INPUT_MAX);
  VLS_ASSERT(room != NULL);
  size_t n = fread(room, 1, INPUT_MAX, file);
  fclose(file);
  /* Exactly as large as the input, so that reading past it is seen. */
  uint8_t *data = malloc(n == 0 ? 1 : n);
  VLS_ASSERT(data != NULL);
  memcpy(data, room, n);
  free(room);
  printf("%s\n", path);
  fflush(stdout);
  LLVMFuzzerTestOneInput(data, n);
  free(data);
}

static unsigned replay_folder(const char *folder) {
  DIR *dir = opendir(folder);
  VLS_ASSERT(dir != NULL);
  unsigned files = 0;
  for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
    char path[PATH_MAX_HERE];
    if (entry->d_name[0] == '.') continue;
    int n = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    VLS_ASSERT(n > 0 && (size_t)n < sizeof path);
    replay_file(path);
    files++;
  }
  closedir(dir);
  return files;
}

int main(int argc, char **argv) {
  unsigned files = 0;
  for (int i = 1; i < argc; i++)
    files += replay_folder(argv[i]);
  printf("%u inputs\n", files);
  return files > 0 ? 0 : 1;
}
