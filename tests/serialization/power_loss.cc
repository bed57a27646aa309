#include "tests/serialization/power_loss.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <utility>

namespace espalier {

int RecordingFileSystem::Open(int folder, const char* name, int flags,
                              mode_t mode) {
  const int file = FileSystem::Open(folder, name, flags, mode);
  if (file < 0 || (flags & O_CREAT) == 0) return file;
  open_[file] = files_;
  steps_.push_back({DiskStep::Kind::kCreate, files_, name, "", ""});
  ++files_;
  return file;
}

int RecordingFileSystem::Close(int file) {
  open_.erase(file);
  return FileSystem::Close(file);
}

ssize_t RecordingFileSystem::Write(int file, const char* bytes, size_t size) {
  const ssize_t put = FileSystem::Write(file, bytes, std::min(size, piece_));
  if (put > 0) {
    steps_.push_back({DiskStep::Kind::kWrite, open_.at(file), "", "",
                      std::string(bytes, static_cast<size_t>(put))});
  }
  return put;
}

int RecordingFileSystem::Sync(int file) {
  const auto found = open_.find(file);
  if (found == open_.end()) {
    if (!lose_folder_syncs) {
      steps_.push_back({DiskStep::Kind::kSyncFolder, -1, "", "", ""});
    }
  } else if (!lose_file_syncs) {
    steps_.push_back({DiskStep::Kind::kSyncFile, found->second, "", "", ""});
  }
  return 0;
}

int RecordingFileSystem::Rename(int folder, const char* from, const char* to) {
  const int code = FileSystem::Rename(folder, from, to);
  if (code == 0) steps_.push_back({DiskStep::Kind::kRename, -1, from, to, ""});
  return code;
}

int RecordingFileSystem::Unlink(int folder, const char* name) {
  const int code = FileSystem::Unlink(folder, name);
  if (code == 0) steps_.push_back({DiskStep::Kind::kUnlink, -1, name, "", ""});
  return code;
}

namespace {

using Kind = DiskStep::Kind;

// Names to numbers of files.
using Names = std::map<std::string, int>;

struct File {
  std::string synced;
  std::vector<std::string> pending;  // written since
};

// One change of a folder: a name is removed, a name is given to a file.
struct Change {
  std::string removed;
  std::string given;
  int file = -1;
};

void Apply(const Change& change, Names* names) {
  if (!change.removed.empty()) names->erase(change.removed);
  if (!change.given.empty()) (*names)[change.given] = change.file;
}

struct Disk {
  std::vector<File> files;
  Names now;     // as the program sees it
  Names synced;  // as it certainly is
  std::vector<Change> pending;
};

void Do(const DiskStep& step, int first_file, Disk* disk) {
  const auto change = [disk](const Change& made) {
    Apply(made, &disk->now);
    disk->pending.push_back(made);
  };
  const auto file = static_cast<size_t>(first_file + step.file);
  switch (step.kind) {
    case Kind::kCreate:
      disk->files.resize(file + 1);
      change({"", step.name, static_cast<int>(file)});
      break;
    case Kind::kWrite:
      disk->files[file].pending.push_back(step.bytes);
      break;
    case Kind::kSyncFile: {
      File& synced = disk->files[file];
      for (const std::string& bytes : synced.pending) synced.synced += bytes;
      synced.pending.clear();
      break;
    }
    case Kind::kSyncFolder:
      disk->synced = disk->now;
      disk->pending.clear();
      break;
    case Kind::kRename:
      change({step.name, step.to, disk->now.at(step.name)});
      break;
    case Kind::kUnlink:
      change({step.name, "", -1});
      break;
  }
}

// Every selection of the changes, in every order.
void EachFolder(const std::vector<Change>& changes, std::vector<bool>* done,
                const Names& names, std::set<Names>* folders) {
  folders->insert(names);
  for (size_t i = 0; i < changes.size(); ++i) {
    if ((*done)[i]) continue;
    (*done)[i] = true;
    Names next = names;
    Apply(changes[i], &next);
    EachFolder(changes, done, next, folders);
    (*done)[i] = false;
  }
}

// What a file may hold: the pieces written since its sync whole up to one of
// them, that one absent, zero or half there, and those after it absent or,
// before it or after it, zero.
std::set<std::string> EachContents(const File& file) {
  std::set<std::string> contents;
  std::string whole = file.synced;
  std::string zero = file.synced;
  size_t left = 0;
  for (const std::string& piece : file.pending) left += piece.size();
  contents.insert(file.synced);
  contents.insert(file.synced + std::string(left, '\0'));
  for (const std::string& piece : file.pending) {
    left -= piece.size();
    const std::string half = piece.substr(0, piece.size() / 2);
    const std::string rest(piece.size() - half.size(), '\0');
    const std::string zeros(piece.size(), '\0');
    for (const std::string& after : {std::string(), std::string(left, '\0')}) {
      for (const std::string& before : {whole, zero}) {
        contents.insert(before + half);
        contents.insert(before + half + rest + after);
        contents.insert(before + zeros + after);
        contents.insert(before + piece + after);
      }
    }
    whole += piece;
    zero += zeros;
  }
  return contents;
}

}  // namespace

int ForEachDiskState(const DiskState& before,
                     const std::vector<DiskStep>& recording, size_t steps,
                     const std::function<void(const DiskState&)>& visit) {
  Disk disk;
  for (const auto& [name, contents] : before) {
    disk.now[name] = static_cast<int>(disk.files.size());
    disk.files.push_back({contents, {}});
  }
  disk.synced = disk.now;
  const int first_file = static_cast<int>(disk.files.size());
  for (size_t i = 0; i < steps; ++i) Do(recording[i], first_file, &disk);

  std::set<Names> folders;
  std::vector<bool> done(disk.pending.size(), false);
  EachFolder(disk.pending, &done, disk.synced, &folders);
  std::set<DiskState> states;
  for (const Names& names : folders) {
    std::vector<DiskState> of_folder = {{}};
    for (const auto& [name, file] : names) {
      std::vector<DiskState> longer;
      for (const std::string& contents :
           EachContents(disk.files[static_cast<size_t>(file)])) {
        for (DiskState state : of_folder) {
          state[name] = contents;
          longer.push_back(std::move(state));
        }
      }
      of_folder = std::move(longer);
    }
    states.insert(of_folder.begin(), of_folder.end());
  }
  for (const DiskState& state : states) visit(state);
  return static_cast<int>(states.size());
}

}  // namespace espalier
