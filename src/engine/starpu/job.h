// What the processes of a real execution are told, and what they answer: texts, so that both sides can be on
// different computers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/execution.h"

namespace mapwright::engine::starpu {

//! Everything that a process makes its plan from: all of them make the same one.
struct Job {
  std::string program;  //!< as program::save writes it
  std::string machine;  //!< as machine::save writes it
  std::string mapper;
  std::int64_t nodes = 1;  //!< one process each
  bool devices = false;    //!< GPU processors are OpenCL devices, with memories of their own
  double limit = 60;       //!< seconds, for all of it; then a process ends itself
  std::string plan;        //!< fingerprint of the plan that is meant
  bool poison = false;     //!< fills new instances with what is no number, so that nothing stale is right
  std::string fault;       //!< what tests plant (rank/fault.h); empty: nothing
};

std::string save(const Job& job);
//! Nothing where the text is none.
std::optional<Job> load_job(std::string_view text);

//! Tells plans apart: of all that is executed.
std::string fingerprint(const plan::Plan& plan);

//! A part of an op that ran, in ns since the start that all processes have in common.
struct Ran {
  plan::OpId op = 0;
  std::int64_t start = 0;
  std::int64_t end = 0;
};

struct Answer {
  std::string failure;                  //!< code of what went wrong; empty: all went well
  std::string failure_text;             //!< in the program's words
  std::vector<Ran> ran;                 //!< of all processes; a copy between processes has one for each end
  Counted counted;                      //!< until the last op was over, verification not among it
  std::vector<plan::MemoryUse> memory;  //!< the most that instances really held
  std::int64_t checked = 0;             //!< elements that were verified
  std::int64_t workers = 0;             //!< of the process that had the most
};

std::string save(const Answer& answer);
std::optional<Answer> load_answer(std::string_view text);

//! A job or a question as process 0 reads it: behind its number of bytes. Standard input stays open behind
//! it, and where it ends, whoever started the processes is no more.
std::string framed(std::string_view text);

//! The line before an answer on standard output: whatever a launcher prints stands before it.
inline constexpr std::string_view kAnswerMark = "mapwright-answer ";

}  // namespace mapwright::engine::starpu
