#include "guide/families.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace mapwright::guide {
namespace {

constexpr int kAllOrders = 3;  // axes of which every order is tried

// The number of a point, the first axis of the order fastest.
std::string number(const std::vector<int>& order) {
  std::string text = fmt::format("task.ipoint[{}]", order.back());
  for (auto axis = order.rbegin() + 1; axis != order.rend(); ++axis)
    text = fmt::format("(task.ipoint[{0}] + task.ispace[{0}] * {1})", *axis, text);
  return text;
}

std::string letters(const std::vector<int>& order) {
  constexpr std::string_view kAxes = "xyzuvwabc";
  std::string text;
  for (const int axis : order) text += kAxes[static_cast<std::size_t>(axis)];
  return text;
}

std::vector<std::vector<int>> orders(int rank) {
  std::vector<int> order(static_cast<std::size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  std::vector<std::vector<int>> all;
  if (rank <= kAllOrders) {
    do all.push_back(order);
    while (std::ranges::next_permutation(order).found);
    return all;
  }
  all.push_back(order);
  std::ranges::reverse(order);
  all.push_back(order);
  return all;
}

// A tuple over the axes: "(0, 1)", "(0,)".
std::string axes(int rank) {
  std::string text = "(";
  for (int d = 0; d < rank; ++d) text += fmt::format("{}{}", d == 0 ? "" : ", ", d);
  return text + (rank == 1 ? ",)" : ")");
}

std::string suffix(const std::vector<int>& order) {
  return order.size() == 1 ? "" : "_" + letters(order);
}

Family blocks(const std::vector<int>& order) {
  return {"blocks" + suffix(order),
          fmt::format("p = m.merge(0, 1); return p[{} * p.size[0] / task.ispace.volume];", number(order))};
}

Family dealt(const std::vector<int>& order) {
  return {"dealt" + suffix(order),
          fmt::format("p = m.merge(0, 1); return p[{} % p.size[0]];", number(order))};
}

Family dealt_nodes(const std::vector<int>& order) {
  return {"dealt_nodes" + suffix(order),
          fmt::format("l = {}; return m[l % m.size[0], l / m.size[0] % m.size[1]];", number(order))};
}

Family split(int rank, std::string name, std::string_view inside) {
  return {std::move(name),
          fmt::format("n = m.auto_split(0, task.ispace); g = n.auto_split({0}, task.ispace / n[:-1]); "
                      "u = tuple(task.ipoint[i] * g.size[i] / task.ispace[i] for i in {1}); "
                      "l = tuple({2} for i in {1}); return g[*u, *l];",
                      rank, axes(rank), fmt::format(fmt::runtime(inside), rank))};
}

}  // namespace

std::vector<Family> families(int rank) {
  std::vector<Family> all;
  for (const std::vector<int>& order : orders(rank)) {
    all.push_back(blocks(order));
    all.push_back(dealt(order));
    all.push_back(dealt_nodes(order));
  }
  all.push_back(split(rank, fmt::format("grid_blocks_{}d", rank),
                      "task.ipoint[i] * g.size[i] * g.size[i + {0}] / task.ispace[i] % g.size[i + {0}]"));
  all.push_back(split(rank, fmt::format("grid_dealt_{}d", rank), "task.ipoint[i] % g.size[i + {0}]"));
  return all;
}

Family blocks(int rank) {
  return blocks(orders(rank).front());
}

Family dealt(int rank) {
  return dealt(orders(rank).front());
}

Family beside_parent() {
  return {"beside_parent", "return m[*task.parent.processor(m)];"};
}

lang::Edit map_with(std::string_view statement, std::string_view task, const Family& family,
                    machine::ProcessorKind kind) {
  return {false, fmt::format("{} {} {} {};", function_of(family, kind), statement, lang::name_text(task),
                             function_name(family, kind))};
}

std::string function_name(const Family& family, machine::ProcessorKind kind) {
  std::string name = family.name + "_" + std::string(name_of(kind));
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return name;
}

std::string function_of(const Family& family, machine::ProcessorKind kind) {
  return fmt::format("def {}(Task task) {{ m = Machine({}); {} }}", function_name(family, kind),
                     name_of(kind), family.body);
}

}  // namespace mapwright::guide
