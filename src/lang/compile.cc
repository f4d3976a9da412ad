#include "lang/check.h"
#include "lang/lang.h"

namespace mapwright::lang {

Compilation compile(const base::SourcePtr& source) {
  Compilation result;
  auto mapper = std::make_shared<CompiledMapper>(parse(source, &result.problems));
  Checker(mapper.get(), &result.problems).run();
  result.problems.sort();
  if (!result.problems.has_errors()) result.mapper = std::move(mapper);
  return result;
}

std::string_view described(TypeKind kind) {
  switch (kind) {
    case TypeKind::unknown: return "a value";
    case TypeKind::integer:
    case TypeKind::traced_integer: return "an integer";
    case TypeKind::boolean: return "a bool";
    case TypeKind::tuple: return "a tuple";
    case TypeKind::space: return "a machine space";
    case TypeKind::processor:
    case TypeKind::traced_processor: return "a processor";
    case TypeKind::processors: return "a set of processors";
    case TypeKind::task: return "a task";
    case TypeKind::processor_kind: return "a processor kind";
    case TypeKind::memory_kind: return "a memory kind";
  }
  return "a value";
}

}  // namespace mapwright::lang
