import { detailsOfKeys, namesOfKeys } from './flag-table.ts'
import type { Members } from './settings-schema.ts'

const rawKeys = ['raw-aes', 'raw-rsa-public', 'raw-rsa-private']
const keysOfAws = ['kms', 'kms-discovery', 'branch-key']

/** Where a branch key is. For a command such as `keys`, which takes no branch key, it says which table is meant. */
const placeOfBranchKey = ['key-store', 'logical-key-store', 'key-store-kms']

/**
 * What of a configuration file goes with the flags that were given. A team has one file for all that it does, and so it
 * may say more than fits a call; what a flag says is never put aside.
 *
 * @param offered the flags that the command has.
 */
export function fittingMembers(flags: Members, file: Members, offered: readonly string[]): Members {
  return withoutUseless(flags, withoutReplaced(flags, file, offered), offered)
}

/** Keys are those of the flags, or those of the file with all that goes with them. */
function withoutReplaced(flags: Members, file: Members, offered: readonly string[]): Members {
  if (!isAny(namesOfKeys.map(nameOf), flags)) return file
  const isOfOtherBranchKey = offered.includes('branch-key') && !Object.hasOwn(flags, 'branch-key')
  return without(file, [
    ...namesOfKeys.map(nameOf),
    ...detailsOfKeys.map(nameOf),
    'grant-token',
    ...(isOfOtherBranchKey ? placeOfBranchKey : []),
  ])
}

/** Keys that cannot do what the command does, where another one can, and details of keys that are not there. */
function withoutUseless(flags: Members, file: Members, offered: readonly string[]): Members {
  // Only a command that decrypts can look for keys.
  const encrypts = offered.includes('raw-rsa-private') && !offered.includes('kms-discovery')
  const canEncrypt = namesOfKeys.map(nameOf).filter((name) => name !== 'raw-rsa-private')
  const isPrivateUseless =
    encrypts &&
    isAny(canEncrypt, { ...file, ...flags }) &&
    !isAny(['raw-rsa-public'], { ...file, ...flags })
  const left = isPrivateUseless ? without(file, ['raw-rsa-private']) : file
  const all = { ...left, ...flags }
  const takesKeys = offered.includes('branch-key')
  return without(left, [
    ...(isAny(keysOfAws, all) ? [] : ['mrk']),
    ...(isAny(rawKeys, all) ? [] : ['key-name', 'key-namespace']),
    ...(takesKeys && !isAny(['branch-key'], all) ? placeOfBranchKey : []),
  ])
}

function without(members: Members, names: readonly string[]): Members {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)))
}

/** `false` and an empty list name no key. */
function isAny(names: readonly string[], members: Members): boolean {
  return names.some((name) => {
    const member = Object.hasOwn(members, name) ? members[name] : undefined
    return Array.isArray(member) ? member.length > 0 : member !== undefined && member !== false
  })
}

function nameOf({ name }: { readonly name: string }): string {
  return name
}
