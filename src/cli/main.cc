#include "cli/commands.h"

int main(int argc, char** argv) {
  return mapwright::cli::run(argc, argv);
}
