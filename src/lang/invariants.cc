#include <algorithm>

#include "lang/code.h"

namespace mapwright::lang {
namespace {

// Functions are pure but for print, so a value depends on the point only where it reads it. The walk is as
// deep as the expression, which is bounded (kMaxExprDepth).
class Invariants {
 public:
  explicit Invariants(Code* code)
      : code_(*code), prints_(std::ranges::any_of(code_.functions, [](const FunctionCode& f) {
          return std::ranges::any_of(f.steps, [](const Step& s) { return s.kind == Step::Kind::print; });
        })) {}

  void run() {
    for (FunctionCode& f : code_.functions) {
      varies_.assign(f.slots, true);
      const bool maps = f.kinds.size() == 1 && f.kinds[0] == TypeKind::task;
      for (Step& s : f.steps) {
        if (s.kind == Step::Kind::print) continue;
        calls_ = false;
        const bool varies = this->varies(s.value);
        if (s.kind != Step::Kind::assign) continue;
        varies_[s.slot] = varies;
        s.invariant = maps && !varies;
      }
    }
  }

 private:
  // Not `||`: both sides are walked, because walking marks calls and variables.
  static bool either(bool a, bool b) { return a || b; }

  bool varies(NodeId id) {
    if (id == kNoNode) return false;
    Node& n = code_.nodes[id];
    switch (n.op) {
      case Op::integer:
      case Op::boolean:
      case Op::processor_kind:
      case Op::memory_kind:
      case Op::global:
      case Op::machine:
      case Op::star: return false;
      case Op::local: return varies_[n.a];
      case Op::own_extents: return !is_task(n.a);
      case Op::ispace_at: return either(!is_task(n.a), varies(n.b));
      case Op::own_point: return true;
      case Op::ipoint:
      case Op::ispace:
      case Op::ipoint_at:
      case Op::parent:
      case Op::processor: walk(n); return true;
      case Op::call: {
        calls_ = false;
        const bool arguments = walk_list(n);
        n.flat = !calls_ && !n.unpacks;
        calls_ = true;
        return arguments || prints_;
      }
      case Op::comprehension: {
        const bool over = varies(n.b);
        varies_[n.c] = over;
        return varies(n.a) || over;
      }
      case Op::split:
      case Op::merge:
      case Op::swap:
      case Op::slice_dim:
      case Op::reverse:
      case Op::balance_split:
      case Op::auto_split:
      case Op::greedy_split: return either(varies(n.a), walk_list(n));
      case Op::tuple: return walk_list(n);
      case Op::index:
      case Op::has: return either(varies(n.a), walk_list(n));
      default: return either(either(varies(n.a), varies(n.b)), varies(n.c));
    }
  }

  // The task itself is the first slot of a mapping function; its launch domain is the same for all points.
  bool is_task(NodeId id) const { return code_.nodes[id].op == Op::local && code_.nodes[id].a == 0; }

  void walk(const Node& n) {
    varies(n.a);
    if (n.op == Op::ipoint_at) varies(n.b);
    walk_list(n);
  }

  bool walk_list(const Node& n) {
    bool any = false;
    for (std::uint32_t i = 0; i < n.count; ++i) any = varies(code_.lists[n.list + i]) || any;
    return any;
  }

  Code& code_;
  bool prints_ = false;
  bool calls_ = false;  // a call was seen below the node at hand
  std::vector<bool> varies_;
};

}  // namespace

void find_invariants(Code* code) {
  Invariants(code).run();
}

}  // namespace mapwright::lang
