// The browser's storage, which may be switched off, full or private: then nothing is kept, and nothing else breaks.

// `open` returns a Storage; even reading the property of `window` throws where storage is switched off.
export function safeStorage(open) {
  function attempt(use) {
    try {
      return use(open());
    } catch {
      return null;
    }
  }
  return {
    getItem: (name) => attempt((storage) => storage.getItem(name)),
    setItem: (name, value) => attempt((storage) => storage.setItem(name, value)),
    removeItem: (name) => attempt((storage) => storage.removeItem(name)),
    keys: () => attempt((storage) => Array.from({ length: storage.length }, (_, index) => storage.key(index))) ?? [],
  };
}

export const local = safeStorage(() => localStorage);
export const session = safeStorage(() => sessionStorage);
