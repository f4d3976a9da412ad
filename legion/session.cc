#include "session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/files.h"
#include "handshake.h"
#include "lang/lang.h"
#include "observer.h"
#include "policy/policy.h"

namespace mapwright::legion {
namespace {

constexpr int kBadMapper = 65;

[[noreturn]] void reject(const base::Diagnostics& problems) {
  std::string text;
  for (const base::Diagnostic& d : problems.items()) text += base::render(d, false);
  give_up(kBadMapper, text);
}

lang::MapperPtr read_mapper() {
  const char* path = getenv(kMapperVariable);
  if (path == nullptr || *path == '\0') return nullptr;
  auto text = base::read_file(path, base::Source::kMaxBytes);
  if (const auto* error = std::get_if<base::FileError>(&text)) give_up(kBadMapper, error->message + "\n");
  lang::Compilation compiled =
      lang::compile(std::make_shared<const base::Source>(path, std::move(std::get<std::string>(text))));
  if (!compiled.mapper) reject(compiled.problems);
  return compiled.mapper;
}

Route entered_by = Route::preload;

// First of all: what is wrong with a mapper or a file is not wrong with the adapter.
Hardware introduced(Hardware hardware) {
  std::string text = fmt::format("legion {}\nroute {}\nnodes {}\n", Legion::Runtime::get_legion_version(),
                                 entered_by == Route::preload ? "preload" : "module", hardware.grid().nodes);
  for (std::size_t i = 0; i < machine::kProcessorKinds; ++i) {
    const auto kind = static_cast<machine::ProcessorKind>(i);
    if (const auto count = hardware.grid().count(kind); count > 0)
      text += fmt::format("{} {}\n", machine::name_of(kind), count);
  }
  for (std::size_t i = 0; i < machine::kMemoryKinds; ++i) {
    const auto kind = static_cast<machine::MemoryKind>(i);
    if (const auto bytes = hardware.capacity(kind); bytes > 0)
      text += fmt::format("{} {}\n", machine::name_of(kind), bytes);
  }
  greet(text);
  return hardware;
}

}  // namespace

void give_up(int code, const std::string& message) {
  fflush(stdout);  // not all streams: somebody may be reading one of them, for ever
  fmt::print(stderr, "adapter: {}", message);
  fflush(stderr);
  _exit(code);
}

const Legion::Task* parent_of(const Legion::Task& task) {
  if (!task.has_parent_task()) return nullptr;
  // Slices that were received are used again, and keep the parent that was there before
  // (SliceTask::unpack_task of Legion 25.06): without it, the runtime looks for the one of now. Only the task
  // that a mapper is asked about may be treated like this: other threads ask about those above it.
  task.parent_task = nullptr;
  return task.get_parent_task();
}

lang::Point point_of(const Legion::DomainPoint& point) {
  lang::Point p{};
  for (int d = 0; d < point.get_dim(); ++d) p[static_cast<std::size_t>(d)] = point.point_data[d];
  return p;
}

lang::Domain domain_of(const Legion::Domain& domain) {
  return {domain.get_dim(), point_of(domain.lo()), point_of(domain.hi())};
}

std::vector<Legion::Processor> Target::at(const Hardware& hardware, const lang::Point& point) const {
  std::vector<Legion::Processor> processors;
  for (const lang::Slot slot : placement->at(point))
    processors.push_back(hardware.processor(placement->kind(), {slot.node, slot.processor}));
  return processors;
}

Session& Session::instance() {
  // Never destroyed: threads of the runtime outlive what ends with the process.
  static Session& session = *new Session;
  return session;
}

void Session::enter(Route route) {
  entered_by = route;
}

Session::Session()
    : hardware_(introduced(Hardware(Legion::Machine::get_machine()))),
      journal_(getenv(kJournalVariable)),
      observer_(std::make_unique<Observer>()) {
  mapper_ = read_mapper();
  if (!mapper_) return;
  auto placer = lang::Placer::create(mapper_, hardware_.grid());
  if (!placer) reject(placer.problems());
  placer_ = *placer;
}

const TaskAnswers& Session::task(Legion::Mapping::MapperRuntime* runtime,
                                 Legion::Mapping::MapperContext context, const Legion::Task& task) {
  {
    const std::scoped_lock lock(mutex_);
    const auto found = tasks_.find(task.task_id);
    if (found != tasks_.end()) return *found->second;
  }
  auto answers = std::make_unique<TaskAnswers>();
  answers->name = task.get_task_name();
  for (std::size_t i = 0; i < machine::kProcessorKinds; ++i) {
    const auto kind = static_cast<machine::ProcessorKind>(i);
    std::vector<Legion::VariantID> variants;
    runtime->find_valid_variants(context, task.task_id, variants, realm_kind(kind));
    if (!variants.empty()) answers->variants.push_back(kind);
    answers->variants_for[kind] = std::move(variants);
  }
  if (mapper_) {
    lang::TaskFacts facts;
    facts.name = answers->name;
    facts.variants = answers->variants;
    const auto usable = lang::usable_kinds(*mapper_, facts, &hardware_.grid());
    if (!usable.empty()) answers->likely_kind = usable.front();
    if (!mapper_->kinds(answers->name).empty()) answers->kind = answers->likely_kind;
    answers->limit = mapper_->instance_limit(answers->name);
    answers->replicated = mapper_->replicates(answers->name);
  }
  const std::scoped_lock lock(mutex_);
  return *tasks_.try_emplace(task.task_id, std::move(answers)).first->second;
}

std::optional<Target> Session::index_target(const TaskAnswers& task, const Legion::Domain& domain,
                                            machine::ProcessorKind kind) {
  if (!mapper_) return std::nullopt;
  const lang::MapChoice* map = mapper_->index_map(task.name, kind);
  if (map == nullptr) return std::nullopt;
  return place(*map, task.name, domain, kind);
}

Target Session::place(const lang::MapChoice& map, std::string_view task, const Legion::Domain& domain,
                      machine::ProcessorKind kind) {
  auto placement = placer_->place(map, task, domain_of(domain), kind);
  if (!placement) reject(placement.problems());
  return {*placement};
}

bool Session::maps_single(const TaskAnswers& task, machine::ProcessorKind kind) const {
  return mapper_ && mapper_->single_map(task.name, kind) != nullptr;
}

std::optional<Target> Session::single_target(const TaskAnswers& task,
                                             std::optional<machine::Processor> parent,
                                             machine::ProcessorKind kind) {
  // The top-level task is where the runtime starts it: it has no parent that a map could ask for.
  if (!mapper_ || !parent) return std::nullopt;
  const lang::MapChoice* map = mapper_->single_map(task.name, kind);
  if (map == nullptr) return std::nullopt;
  auto placement = placer_->place_single(*map, task.name, parent, kind);
  if (!placement) reject(placement.problems());
  return Target{*placement};
}

Target Session::default_target(const Legion::Domain& domain, machine::ProcessorKind kind) const {
  return {policy::default_index_placement(domain_of(domain), kind, hardware_.grid())};
}

}  // namespace mapwright::legion
