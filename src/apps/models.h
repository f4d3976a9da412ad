// The applications, one function each. What a function cannot make is a problem of its setup.
#pragma once

#include "apps/setup.h"
#include "program/program.h"

namespace mapwright::apps {

extern const App kCircuit;
extern const App kStencil;
extern const App kPennant;
extern const App kCannon;
extern const App kSumma;
extern const App kPumma;
extern const App kJohnson;
extern const App kSolomonik;
extern const App kCosma;

program::Program circuit(Setup& setup);
program::Program stencil(Setup& setup);
program::Program pennant(Setup& setup);
program::Program cannon(Setup& setup);
program::Program summa(Setup& setup);
program::Program pumma(Setup& setup);
program::Program johnson(Setup& setup);
program::Program solomonik(Setup& setup);
program::Program cosma(Setup& setup);

}  // namespace mapwright::apps
