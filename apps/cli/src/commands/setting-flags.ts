import { defaultText, plain, SETTINGS, type Setting, settingMeaning } from '@dwh/warehouse'
import { type Command, InvalidArgumentError } from 'commander'

/** Adds the flags of settings that only some commands have, this command among them. */
export function addSettingFlags(command: Command): Command {
  return addFlags(command, ({ flag }) => flag?.commands?.includes(command.name()) ?? false)
}

/** Adds the flags of the settings that every command has. */
export function addCommonSettingFlags(program: Command): Command {
  return addFlags(program, ({ flag }) => flag !== undefined && flag.commands === undefined)
}

function addFlags(command: Command, has: (setting: Setting) => boolean): Command {
  for (const setting of SETTINGS.filter(has)) {
    const { flag, kind } = setting
    const name = `--${flag?.name} <${flag?.value}>`
    if (kind === 'count') command.option(name, flagHelp(setting), count)
    else command.option(name, flagHelp(setting))
  }
  return command
}

function flagHelp(setting: Setting): string {
  const fallback = defaultText(setting)
  const aside =
    setting.holds === 'secret' && setting.variable
      ? ` (prefer ${setting.variable}: others can see a command line)`
      : fallback && ` (default: ${fallback})`
  return plain(`${settingMeaning(setting)}${aside ?? ''}`)
}

function count(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('Expected a number.')
  return Number(value)
}
