// How the values that a task needs come to be where it needs them.
#include <algorithm>

#include "base/bug.h"
#include "plan/builder.h"

namespace mapwright::plan {

using program::Privilege;

template <class Visit>
void Builder::for_each_cell(const Access& a, Visit&& visit) {
  const program::RegionAtoms& region = atoms_.region(a.region);
  for (const std::uint32_t atom : atoms_.piece(a.requirement->partition, a.piece)) {
    for (const std::uint32_t g : a.choice->groups) {
      if ((region.groups[g] & a.use.fields) == 0) continue;
      visit(coherence_.cell_id(a.region, atom, g), CellIn{a.use.instance, atom, g},
            region.volume[atom] * region.group_bytes[g]);
    }
  }
}

Builder::Transfer& Builder::transfer(OpKind kind, InstanceId source, InstanceId destination) {
  for (Transfer& t : transfers_) {
    if (t.kind == kind && t.source == source && t.destination == destination) return t;
  }
  transfers_.push_back({kind, source, destination, 0, {}, {}, {}});
  return transfers_.back();
}

void Builder::add(Transfer* t, CellId cell, const CellIn& place, std::int64_t bytes) {
  t->bytes += bytes;
  t->cells.push_back(cell);
  t->places.push_back({t->destination, place.atom, place.group});
}

// Copies what is not valid in the instance from where it is, then folds what is still outstanding.
void Builder::make_current(const Access& a) {
  const InstanceId here = a.use.instance;
  const Instance& instance = plan_.instances[here];
  const Privilege privilege = a.requirement->privilege;
  if (privilege == Privilege::reduce) return;
  const bool needs_values = privilege != Privilege::write;
  transfers_.clear();
  for_each_cell(a, [&](CellId id, const CellIn& place, std::int64_t bytes) {
    Cell& cell = coherence_.cell(id);
    if (!needs_values) {
      for (const Contribution& c : cell.contributions) settle(c.instance, kNone);
      cell.contributions.clear();
      return;
    }
    if (!cell.holder(here)->valid) {
      const Holder* best = nullptr;
      double best_seconds = 0;
      for (const Holder& h : cell.holders) {
        if (!h.valid || plan_.instances[h.instance].collected) continue;
        const double seconds = site_.copy_seconds(plan_.instances[h.instance].memory, instance.memory, bytes);
        if (best != nullptr &&
            (seconds > best_seconds || (seconds == best_seconds && h.instance > best->instance)))
          continue;
        best = &h;
        best_seconds = seconds;
      }
      if (best != nullptr) {
        add(&transfer(OpKind::copy, best->instance, here), id, place, bytes);
      } else {
        cell.holder(here)->valid = true;  // nobody wrote it yet
      }
    }
    for (const Contribution& c : cell.contributions) {
      Transfer& t = transfer(OpKind::fold, c.instance, here);
      add(&t, id, place, bytes);
      if (std::ranges::find(t.contributed, c.op) == t.contributed.end()) t.contributed.push_back(c.op);
    }
  });
  // Folds add to the values, so these come first.
  for (const OpKind kind : {OpKind::copy, OpKind::fold}) {
    for (const Transfer& t : transfers_) {
      if (t.kind == kind) emit(t);
    }
  }
}

// Contributions go where the values are as soon as their task is over, each by itself. Where nobody wrote any
// yet, they wait for who reads them.
void Builder::fold_into_owner(const Access& a, OpId task) {
  if (a.requirement->privilege != Privilege::reduce) return;
  transfers_.clear();
  for_each_cell(a, [&](CellId id, const CellIn& place, std::int64_t bytes) {
    const Holder* owner = owner_of(coherence_.cell(id));
    if (owner == nullptr) return;
    Transfer& t = transfer(OpKind::fold, a.use.instance, owner->instance);
    add(&t, id, place, bytes);
    t.contributed = {task};
  });
  for (const Transfer& t : transfers_) emit(t);
}

// The instance whose values others are copies of.
const Holder* Builder::owner_of(const Cell& cell) const {
  const auto copied = [&](const Holder& h) {
    return h.writer != kNone && plan_.ops[h.writer].kind == OpKind::copy;
  };
  const Holder* owner = nullptr;
  for (const Holder& h : cell.holders) {
    if (!h.valid || plan_.instances[h.instance].collected) continue;
    if (owner == nullptr || (copied(*owner) && !copied(h))) owner = &h;
  }
  return owner;
}

void Builder::emit(const Transfer& t) {
  waits_.clear();
  for (const OpId op : t.contributed) wait(op);
  for (const CellId id : t.cells) {
    Cell& cell = coherence_.cell(id);
    if (t.kind == OpKind::copy) wait(cell.holder(t.source)->writer);
    const Holder& destination = *cell.holder(t.destination);
    wait(destination.writer);
    for (const OpId reader : destination.readers) wait(reader);
  }
  Op op;
  op.kind = t.kind;
  op.source = t.source;
  op.destination = t.destination;
  op.bytes = t.bytes;
  op.first_cell = static_cast<std::uint32_t>(plan_.cells.size());
  op.cells = static_cast<std::uint32_t>(t.places.size());
  plan_.cells.insert(plan_.cells.end(), t.places.begin(), t.places.end());
  const OpId self = push(op);
  for (const CellId id : t.cells) {
    Cell& cell = coherence_.cell(id);
    if (t.kind == OpKind::copy) {
      cell.holder(t.source)->readers.push_back(self);
    } else {
      for (Holder& h : cell.holders) h.valid = false;
      std::erase_if(cell.contributions, [&](const Contribution& c) { return c.instance == t.source; });
      settle(t.source, self);
    }
    Holder& destination = *cell.holder(t.destination);
    destination.valid = true;
    destination.writer = self;
    destination.readers.clear();
  }
}

// One cell's contributions of a reduction instance are folded, or no longer wanted. When all are, it may be
// freed.
void Builder::settle(InstanceId reduction, OpId fold) {
  std::vector<OpId>& users = users_[reduction];
  if (fold != kNone && (users.empty() || users.back() != fold)) users.push_back(fold);
  if (--outstanding_[reduction] == 0) room_.may_free(reduction, users.empty() ? kNone : users.back());
}

void Builder::wait_for_data(const Access& a) {
  const InstanceId here = a.use.instance;
  if (a.requirement->privilege == Privilege::reduce) {
    for (const OpId user : users_[here]) wait(user);
    return;
  }
  const bool writes = a.requirement->privilege != Privilege::read;
  for_each_cell(a, [&](CellId id, const CellIn&, std::int64_t) {
    const Holder& h = *coherence_.cell(id).holder(here);
    wait(h.writer);
    if (!writes) return;
    for (const OpId reader : h.readers) wait(reader);
  });
}

void Builder::record(const Access& a, OpId task) {
  const InstanceId here = a.use.instance;
  switch (a.requirement->privilege) {
    case Privilege::none: return;
    case Privilege::reduce:
      users_[here] = {task};
      for_each_cell(a, [&](CellId id, const CellIn& place, std::int64_t) {
        std::vector<Contribution>& all = coherence_.cell(id).contributions;
        const auto same = std::ranges::find(all, here, &Contribution::instance);
        if (same != all.end()) {
          same->op = task;  // it adds to what it has
        } else {
          all.push_back({here, task});
          ++outstanding_[here];
          plan_.cells.push_back(place);
          ++plan_.ops[task].cells;
        }
      });
      return;
    case Privilege::read:
      for_each_cell(a, [&](CellId id, const CellIn&, std::int64_t) {
        Holder& h = *coherence_.cell(id).holder(here);
        if (h.readers.empty() || h.readers.back() != task) h.readers.push_back(task);
        if (plan_.instances[here].collected) h.valid = false;
      });
      if (plan_.instances[here].collected) room_.may_free(here, task);
      return;
    case Privilege::write:
    case Privilege::read_write:
      for_each_cell(a, [&](CellId id, const CellIn&, std::int64_t) {
        for (Holder& h : coherence_.cell(id).holders) h.valid = false;
        Holder& h = *coherence_.cell(id).holder(here);
        h.valid = true;
        h.writer = task;
        h.readers.clear();
      });
      return;
  }
}

void Builder::find_homes() {
  for (program::RegionId r = 0; r < program_.regions.size(); ++r) {
    const program::RegionAtoms& region = atoms_.region(r);
    for (std::uint32_t atom = 0; atom < region.volume.size(); ++atom) {
      for (std::uint32_t g = 0; g < region.groups.size(); ++g) {
        const Holder* owner = owner_of(coherence_.cell(coherence_.cell_id(r, atom, g)));
        if (owner != nullptr && owner->writer != kNone) plan_.homes.push_back({owner->instance, atom, g});
      }
    }
  }
}

}  // namespace mapwright::plan
