import type { OptionSpec } from '../options/option-table.js';

interface OptionBase<T> {
  readonly default: T;
  /** One line for docs/configuration.md and `.env.example`. */
  readonly description: string;
}
interface IntegerOption extends OptionBase<number> {
  readonly type: 'integer' | 'number';
  readonly minimum: number;
  readonly maximum: number;
  readonly unit?: string;
}
interface StringOption extends OptionBase<string> {
  readonly type: 'string';
  readonly accepts?: (text: string) => boolean;
  /** What that is, in words. */
  readonly accepted?: string;
}
interface BooleanOption extends OptionBase<boolean> {
  readonly type: 'boolean';
}
interface ChoiceOption<T extends string> extends OptionBase<T> {
  readonly type: 'choice';
  readonly choices: readonly T[];
}
/** A comma-separated list; empty means none. */
interface ListOption extends OptionBase<readonly string[]> {
  readonly type: 'list';
  readonly acceptsItem?: (item: string) => boolean;
  readonly accepted: string;
}
/** The default of an option of an upscale, as text that the option accepts; empty where the option has no fixed default. */
export interface OptionDefault extends OptionBase<string> {
  readonly type: 'option';
  readonly spec: OptionSpec;
}
/** One setting. `default: 0` with "0 = …" in the description means: chosen from the machine. */
export type ConfigOption =
  | IntegerOption
  | StringOption
  | BooleanOption
  | ChoiceOption<string>
  | ListOption
  | OptionDefault;
