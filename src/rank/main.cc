#include "rank/process.h"

int main(int argc, char** argv) {
  return mapwright::rank::process(argc, argv);
}
