// GBNF as llama.cpp reads it, for tests: what is wrong with a grammar, whether it derives a text, and random
// texts that it derives. Recognition keeps the set of all stacks that the text so far allows, as llama.cpp
// does, so that it also tells how many of them a language model has to check its words against.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/text.h"

namespace mapwright::gbnf {

struct Element {
  std::optional<std::size_t> rule;  // else characters
  bool negated = false;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;

  bool takes(std::uint32_t c) const {
    const bool inside =
        std::ranges::any_of(ranges, [&](const auto& r) { return r.first <= c && c <= r.second; });
    return inside != negated;
  }
};
using Sequence = std::vector<Element>;

struct Rule {
  std::string name;  // none: a group or a repetition
  std::vector<Sequence> alternatives;
  bool defined = false;
  bool repeats = false;  // its first alternative ends with itself, its second is empty
};

class Grammar {
 public:
  //! Throws std::runtime_error where the text is no GBNF.
  explicit Grammar(std::string_view text) : text_(text) {
    space(true);
    while (at_ < text_.size()) rule();
    heights();
    text_ = {};  // the caller's
  }

  std::size_t named_rules() const { return names_.size(); }
  std::size_t all_rules() const { return rules_.size(); }

  //! Rules that are missing, never used or begin with themselves; repetitions of what may be empty.
  std::vector<std::string> problems() const {
    std::vector<std::string> list;
    for (const Rule& r : rules_) {
      if (!r.defined) list.push_back(fmt::format("{} is not defined", r.name));
    }
    if (!names_.contains("root")) list.emplace_back("there is no root");
    if (!list.empty()) return list;
    std::vector<bool> used(rules_.size());
    reach(names_.at("root"), &used);
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      if (!used[i] && !rules_[i].name.empty())
        list.push_back(fmt::format("{} is never used", rules_[i].name));
      std::vector<bool> begun(rules_.size());
      if (begins_with(i, i, &begun))
        list.push_back(fmt::format("rule {} {} begins with itself", i, rules_[i].name));
    }
    return list;
  }

  //! Whether `root` derives the text; malformed UTF-8 never. `most`: the most stacks at any place of it.
  bool derives(std::string_view text, std::size_t* most = nullptr) const {
    Stacks stacks(*this);
    for (std::size_t i = 0; i < text.size();) {
      const std::size_t length = base::utf8_length(text, i);
      if (length == 0) return false;
      stacks.take(base::code_point(text, i));
      if (most != nullptr) *most = std::max(*most, stacks.size());
      if (stacks.size() == 0 && !stacks.complete()) return false;
      i += length;
    }
    return stacks.complete();
  }

  //! A text that the rule derives. Deeper than `depth` rules, the shortest ways are taken.
  std::string random_text(std::mt19937_64& random, int depth, const std::string& start = "root") const {
    std::string out;
    derive(names_.at(start), depth, random, &out);
    return out;
  }

 private:
  // ---- reading

  [[noreturn]] void fail(std::string_view what) const {
    throw std::runtime_error(fmt::format("{} at: {}", what, text_.substr(at_, 40)));
  }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  // A new line ends a rule, except in groups and behind `|` and `::=`.
  void space(bool newlines) {
    while (peek() == ' ' || peek() == '\t' || peek() == '#' ||
           (newlines && (peek() == '\n' || peek() == '\r'))) {
      if (peek() == '#') {
        while (at_ < text_.size() && peek() != '\n') ++at_;
      } else {
        ++at_;
      }
    }
  }

  static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  }

  std::string name() {
    std::string word;
    while (is_word(peek())) word += text_[at_++];
    if (word.empty()) fail("a name was expected");
    return word;
  }

  std::size_t id_of(const std::string& word) {
    const auto [known, fresh] = names_.emplace(word, rules_.size());
    if (fresh) rules_.push_back({word, {}, false, false});
    return known->second;
  }

  std::size_t synthetic(std::vector<Sequence> alternatives) {
    rules_.push_back({"", std::move(alternatives), true, false});
    return rules_.size() - 1;
  }

  void rule() {
    const std::size_t id = id_of(name());
    space(false);
    if (text_.substr(at_, 3) != "::=") fail("::= was expected");
    at_ += 3;
    space(true);
    auto body = alternatives(false);
    if (rules_[id].defined) fail(rules_[id].name + " is defined twice");
    rules_[id].alternatives = std::move(body);
    rules_[id].defined = true;
    if (at_ < text_.size() && peek() != '\n') fail("the end of a rule was expected");
    space(true);
  }

  std::vector<Sequence> alternatives(bool nested) {
    std::vector<Sequence> all{sequence(nested)};
    while (peek() == '|') {
      ++at_;
      space(true);
      all.push_back(sequence(nested));
    }
    return all;
  }

  Sequence sequence(bool nested) {
    Sequence all;
    for (;;) {
      Sequence item;
      if (peek() == '"') {
        item = literal();
      } else if (peek() == '[') {
        item.push_back(characters());
      } else if (peek() == '(') {
        ++at_;
        space(true);
        item.push_back({synthetic(alternatives(true)), false, {}});
        if (peek() != ')') fail("`)` was expected");
        ++at_;
      } else if (is_word(peek())) {
        item.push_back({id_of(name()), false, {}});
      } else {
        break;
      }
      space(nested);
      repetition(&item);
      space(nested);
      all.insert(all.end(), item.begin(), item.end());
    }
    if (all.empty()) fail("something was expected");
    return all;
  }

  Sequence literal() {
    Sequence all;
    ++at_;
    while (peek() != '"') {
      const std::uint32_t c = character();
      all.push_back({std::nullopt, false, {{c, c}}});
    }
    ++at_;
    if (all.empty()) fail("a literal without characters");
    return all;
  }

  Element characters() {
    Element e;
    ++at_;
    if (peek() == '^') {
      e.negated = true;
      ++at_;
    }
    while (peek() != ']') {
      const std::uint32_t low = character();
      std::uint32_t high = low;
      if (peek() == '-' && peek(1) != ']') {
        ++at_;
        high = character();
      }
      if (high < low) fail("a range that is empty");
      e.ranges.emplace_back(low, high);
    }
    ++at_;
    return e;
  }

  std::uint32_t character() {
    if (at_ >= text_.size() || peek() == '\n') fail("the end of something in quotes or brackets is missing");
    if (peek() != '\\') {
      const std::uint32_t c = base::code_point(text_, at_);
      at_ += std::max<std::size_t>(1, base::utf8_length(text_, at_));
      return c;
    }
    const char kind = peek(1);
    at_ += 2;
    const std::map<char, std::size_t> digits{{'x', 2}, {'u', 4}, {'U', 8}};
    const std::map<char, char> simple{{'n', '\n'},  {'t', '\t'}, {'r', '\r'}, {'"', '"'},
                                      {'\\', '\\'}, {'[', '['},  {']', ']'}};
    if (simple.contains(kind)) return static_cast<unsigned char>(simple.at(kind));
    if (!digits.contains(kind)) fail("an escape that is none");
    const std::string word(text_.substr(at_, digits.at(kind)));
    if (word.size() != digits.at(kind) ||
        word.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
      fail("hexadecimal digits were expected");
    at_ += word.size();
    return static_cast<std::uint32_t>(std::stoul(word, nullptr, 16));
  }

  void repetition(Sequence* item) {
    if (peek() == '*') {
      ++at_;
      *item = {repeated(*item)};
    } else if (peek() == '+') {
      ++at_;
      item->push_back(repeated(*item));
    } else if (peek() == '?') {
      ++at_;
      *item = {optional(*item)};
    } else if (peek() == '{') {
      const std::size_t end = text_.find('}', at_);
      const auto bounds = base::split(text_.substr(at_ + 1, end - at_ - 1), ',');
      const auto least = base::parse_integer(bounds.at(0));
      const auto most = base::parse_integer(bounds.back());
      if (!least || !most || *most < *least || *most == 0 || *most > 32)
        fail("bounds that are none, or too large");
      at_ = end + 1;
      Sequence further;
      for (std::int64_t i = *least; i < *most; ++i) {
        Sequence one = *item;
        one.insert(one.end(), further.begin(), further.end());
        further = {optional(one)};
      }
      Sequence all;
      for (std::int64_t i = 0; i < *least; ++i) all.insert(all.end(), item->begin(), item->end());
      all.insert(all.end(), further.begin(), further.end());
      *item = all;
    }
  }

  Element optional(const Sequence& item) { return {synthetic({item, {}}), false, {}}; }

  Element repeated(const Sequence& item) {
    const std::size_t id = synthetic({item, {}});
    rules_[id].alternatives[0].push_back({id, false, {}});
    rules_[id].repeats = true;
    return {id, false, {}};
  }

  // ---- what is wrong

  void reach(std::size_t id, std::vector<bool>* used) const {
    if ((*used)[id]) return;
    (*used)[id] = true;
    for (const Sequence& s : rules_[id].alternatives) {
      for (const Element& e : s) {
        if (e.rule) reach(*e.rule, used);
      }
    }
  }

  bool may_be_empty(std::size_t id) const { return empty_[id]; }

  bool begins_with(std::size_t id, std::size_t wanted, std::vector<bool>* begun) const {
    if ((*begun)[id]) return false;
    (*begun)[id] = true;
    for (const Sequence& s : rules_[id].alternatives) {
      for (const Element& e : s) {
        if (!e.rule) break;
        if (*e.rule == wanted || begins_with(*e.rule, wanted, begun)) return true;
        if (!may_be_empty(*e.rule)) break;
      }
    }
    return false;
  }

  // How many rules deep the least of what each rule derives is, and whether that may be nothing.
  void heights() {
    heights_.assign(rules_.size(), kEndless);
    empty_.assign(rules_.size(), false);
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t i = 0; i < rules_.size(); ++i) {
        for (const Sequence& s : rules_[i].alternatives) {
          const int height = height_of(s) == kEndless ? kEndless : height_of(s) + 1;
          const bool empty =
              std::ranges::all_of(s, [&](const Element& e) { return e.rule && empty_[*e.rule]; });
          if (height >= heights_[i] && (!empty || empty_[i])) continue;
          heights_[i] = std::min(heights_[i], height);
          empty_[i] = empty_[i] || empty;
          changed = true;
        }
      }
    }
  }

  int height_of(const Sequence& s) const {
    int height = 0;
    for (const Element& e : s) {
      if (e.rule) height = std::max(height, heights_[*e.rule]);
    }
    return height;
  }

  // ---- random texts

  static std::uint32_t any_of(const Element& e, std::mt19937_64& random) {
    static constexpr std::u32string_view kSample =
        U"abcxyzABC_0189 \t\r\"'`#/*+-=;:,.(){}[]<>!&|?%\\$@~^\a\u00e9\u6f22\u2014\ufeff\U0001F600";
    if (e.negated) {
      for (;;) {
        const std::uint32_t c = kSample[random() % kSample.size()];
        if (e.takes(c)) return c;
      }
    }
    const auto& range = e.ranges[random() % e.ranges.size()];
    return range.first + static_cast<std::uint32_t>(random() % (range.second - range.first + 1));
  }

  static void append(std::uint32_t c, std::string* out) {
    const auto byte = [&](std::uint32_t b) { *out += static_cast<char>(static_cast<unsigned char>(b)); };
    if (c < 0x80) return byte(c);
    if (c < 0x800) {
      byte(0xC0 | c >> 6);
    } else if (c < 0x10000) {
      byte(0xE0 | c >> 12);
      byte(0x80 | (c >> 6 & 0x3F));
    } else {
      byte(0xF0 | c >> 18);
      byte(0x80 | (c >> 12 & 0x3F));
      byte(0x80 | (c >> 6 & 0x3F));
    }
    byte(0x80 | (c & 0x3F));
  }

  void derive(std::size_t id, int depth, std::mt19937_64& random, std::string* out) const {
    constexpr std::size_t kLong = 1500;
    const Rule& r = rules_[id];
    if (out->size() > kLong) depth = 0;
    if (r.repeats) {
      Sequence once = r.alternatives[0];
      once.pop_back();
      while (depth > height_of(once) && random() % 100 < 45) derive(once, depth - 1, random, out);
      return;
    }
    std::vector<const Sequence*> fitting;
    int least = kEndless;
    for (const Sequence& s : r.alternatives) least = std::min(least, height_of(s));
    for (const Sequence& s : r.alternatives) {
      if (height_of(s) <= std::max(depth - 1, least)) fitting.push_back(&s);
    }
    derive(*fitting[random() % fitting.size()], depth - 1, random, out);
  }

  void derive(const Sequence& s, int depth, std::mt19937_64& random, std::string* out) const {
    for (const Element& e : s) {
      if (e.rule) {
        derive(*e.rule, depth, random, out);
      } else {
        append(any_of(e, random), out);
      }
    }
  }

  // ---- recognition

  struct Place {
    std::size_t rule = 0;
    std::size_t alternative = 0;
    std::size_t element = 0;
    std::size_t below = 0;  // the place to go on at behind the rule; kBottom where the text ends there

    friend auto operator<=>(const Place&, const Place&) = default;
  };
  static constexpr std::size_t kBottom = std::numeric_limits<std::size_t>::max();

  // All that may come next, each with what has to follow it.
  class Stacks {
   public:
    explicit Stacks(const Grammar& grammar) : grammar_(grammar) { enter(grammar.names_.at("root"), kBottom); }

    std::size_t size() const { return tops_.size(); }
    bool complete() const { return complete_; }

    void take(std::uint32_t c) {
      const std::vector<Place> before = std::exchange(tops_, {});
      complete_ = false;
      seen_.clear();
      for (const Place& p : before) {
        if (element(p).takes(c)) open({p.rule, p.alternative, p.element + 1, p.below});
      }
    }

   private:
    const Sequence& sequence(const Place& p) const {
      return grammar_.rules_[p.rule].alternatives[p.alternative];
    }
    const Element& element(const Place& p) const { return sequence(p)[p.element]; }

    void enter(std::size_t rule, std::size_t below) {
      for (std::size_t i = 0; i < grammar_.rules_[rule].alternatives.size(); ++i) open({rule, i, 0, below});
    }

    void open(const Place& p) {
      if (!seen_.insert(p).second) return;
      if (p.element == sequence(p).size()) return go_on(p.below);
      if (!element(p).rule) {
        tops_.push_back(p);
        return;
      }
      const bool last = p.element + 1 == sequence(p).size();
      enter(*element(p).rule, last ? p.below : id_of({p.rule, p.alternative, p.element + 1, p.below}));
    }

    void go_on(std::size_t below) {
      if (below == kBottom) {
        complete_ = true;
      } else {
        open(Place(places_[below]));
      }
    }

    std::size_t id_of(const Place& p) {
      const auto [known, fresh] = ids_.emplace(p, places_.size());
      if (fresh) places_.push_back(p);
      return known->second;
    }

    const Grammar& grammar_;
    std::vector<Place> tops_;  // each before a character
    std::set<Place> seen_;     // at this place of the text
    std::vector<Place> places_;
    std::map<Place, std::size_t> ids_;
    bool complete_ = false;
  };

  static constexpr int kEndless = 1'000'000;

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Rule> rules_;
  std::map<std::string, std::size_t> names_;
  std::vector<int> heights_;
  std::vector<bool> empty_;
};

}  // namespace mapwright::gbnf
