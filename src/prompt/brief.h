// What a language model is told of the program and the machine: all of it is derived from their models, and
// nothing about an application is written by hand.
#pragma once

#include <string>

#include "machine/machine.h"
#include "program/atoms.h"
#include "program/program.h"

namespace mapwright::prompt {

//! Processors, memories and links of so many nodes, as mappers see them.
std::string machine_text(const machine::Machine& machine, std::int64_t nodes, std::int64_t ranks_per_node);

//! Data with its sizes and what shares elements, tasks with their variants, launches with their domains and
//! requirements. Names stand as mappers write them.
std::string program_text(const program::Program& program, const program::Atoms& atoms);

//! "GFLOPS in GFLOP/s, larger is better"
std::string objective_text(const program::Metric& metric);

}  // namespace mapwright::prompt
