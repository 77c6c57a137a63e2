import { pino } from 'pino';
import { type Config, loadConfig } from '../../config/config.js';
import { CONFIG_SCHEMA } from '../../config/config-schema.js';
import { formatNamed } from '../../domain/download-name.js';
import { TesseraError } from '../../domain/errors.js';
import { packageRoot } from '../../host/package-root.js';
import { loadCheckedConfig } from '../../models/checked-config.js';
import { patient } from '../../options/option-defaults.js';
import { parseOptions, type RawOption } from '../../options/parse-options.js';
import { flagOf, parseUpscaleArguments, type UpscaleArguments } from '../arguments.js';
import { Delivery } from '../files/delivery.js';
import { findPictures, formatOfName } from '../files/pictures.js';
import type { Picture } from '../picture.js';
import { EXIT } from '../terminal/exit-codes.js';
import { openDisplay } from '../terminal/open-display.js';
import { Stop } from '../terminal/stop.js';
import { UsageError } from '../terminal/usage-error.js';
import type { Upscaler } from '../upscaler.js';
import { Batch } from './batch.js';
import { UPSCALE_HELP } from './help.js';
import { LocalUpscaler } from './local-upscaler.js';
import { RemoteUpscaler } from './remote-upscaler.js';

/** `tessera upscale`. @returns the exit code. @throws UsageError, ConfigError; other errors become an exit code and a sentence. */
export async function run(args: readonly string[]): Promise<number> {
  const wish = parseUpscaleArguments(args, process.env);
  if (wish === 'help') {
    process.stdout.write(UPSCALE_HELP);
    return EXIT.done;
  }
  const config = await terminalConfig(wish.server !== undefined);
  const { pictures, leftOut } = await findPictures(wish);
  checkStreams(wish, pictures);
  const raw = withFormat(wish.options, pictures);
  const { upscale, dryRun } = checkedOptions(raw, wish, config);

  const delivery = new Delivery(process.stdout);
  const stop = new Stop(() => delivery.removeUnfinished());
  const display = openDisplay(process.stderr, process.env, wish.quiet);
  try {
    const upscaler = await startUpscaler(wish, raw, config, stop.signal);
    if (typeof upscaler === 'number') return stop.exitCode ?? upscaler;
    try {
      const batch = new Batch(upscaler, delivery, display, stop.signal, {
        jobs: wish.jobs,
        dryRun,
        quiet: wish.quiet,
        skip: wish.skipExisting ? { scale: upscale.scale, format: upscale.format } : undefined,
        onRecord: (record) => {
          if (wish.json) process.stdout.write(`${JSON.stringify(record)}\n`);
        },
      });
      batch.leaveOut(leftOut);
      const failed = await batch.run(pictures);
      return stop.exitCode ?? (failed > 0 ? EXIT.someFailed : EXIT.done);
    } finally {
      await upscaler.close();
    }
  } finally {
    display.close();
    stop.close();
  }
}

/**
 * The configuration of the service, with the longest timeout as the default, because no connection waits for the result.
 * @param remote true: another service computes with its own settings, and the settings here have no effect.
 * @throws ConfigError
 */
async function terminalConfig(remote: boolean): Promise<Config> {
  if (remote) return loadConfig({}, packageRoot());
  const config = await loadCheckedConfig(process.env, packageRoot());
  const given = process.env.DEFAULT_TIMEOUT_SECONDS !== undefined;
  return given ? config : patient(config);
}

function checkStreams(wish: UpscaleArguments, pictures: readonly Picture[]): void {
  const toStdout = pictures.some(({ target }) => target.kind === 'stdout');
  if (toStdout && wish.json)
    throw new UsageError('Standard output cannot carry the picture and --json at once.');
  const dryRun = wish.options.some(([name]) => name === 'dry_run');
  if (toStdout && process.stdout.isTTY && !dryRun) {
    throw new UsageError(
      'A picture is not for the eyes of a terminal: name a file with -o, or send the output on (> file).',
    );
  }
  if (process.stdin.isTTY && pictures.some(({ path }) => path === undefined)) {
    throw new UsageError('Standard input is the keyboard: name a file, or send a picture in (< file).');
  }
}

/** Takes the format from the output's name: `-o big.png` asks for PNG. */
function withFormat(options: readonly RawOption[], pictures: readonly Picture[]): readonly RawOption[] {
  const [picture] = pictures;
  const byName = picture === undefined ? undefined : formatOfName(picture.target);
  const byFlag = options.find(([name]) => name === 'format')?.[1];
  if (byName === undefined) return options;
  if (byFlag !== undefined && byFlag.toLowerCase() !== 'auto' && formatNamed(byFlag) !== byName) {
    throw new UsageError(`The output is named as ${byName.toUpperCase()}, but --format says ${byFlag}.`);
  }
  return [...options.filter(([name]) => name !== 'format'), ['format', byName]];
}

/** Checks all options but the model's name, which only an engine or the service knows. @throws UsageError */
function checkedOptions(raw: readonly RawOption[], wish: UpscaleArguments, config: Config) {
  const models = raw.filter(([name]) => name === 'model').map(([, value]) => value);
  // The service checks the timeout against its own limit.
  const limits =
    wish.server === undefined
      ? config
      : { ...config, MAX_TIMEOUT_SECONDS: CONFIG_SCHEMA.MAX_TIMEOUT_SECONDS.maximum };
  try {
    const options = parseOptions(raw, models, [], limits);
    if (wish.skipExisting && options.upscale.size !== undefined)
      throw new UsageError('--skip-existing knows results by their scale; it does not go with a size.');
    return options;
  } catch (error) {
    throw asUsageError(error);
  }
}

function asUsageError(error: unknown): unknown {
  if (!(error instanceof TesseraError) || error.code !== 'invalid_option') return error;
  const { parameter = '', received = '', accepted = '' } = error.details;
  return new UsageError(`${flagOf(parameter)} is "${received}"; expected ${accepted}.`);
}

/** @returns an exit code, after printing a sentence, when no engine starts and no service answers. */
async function startUpscaler(
  wish: UpscaleArguments,
  raw: readonly RawOption[],
  config: Config,
  signal: AbortSignal,
): Promise<Upscaler | number> {
  try {
    if (wish.server !== undefined) {
      const remote = new RemoteUpscaler(wish.server, wish.apiKey, raw);
      await remote.reach(signal);
      return remote;
    }
    const log = pino({ level: wish.verbose ? 'info' : 'silent' }, pino.destination({ fd: 2, sync: true }));
    return await LocalUpscaler.start(config, raw, log, process.env, signal);
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted;
    const usage = asUsageError(error);
    if (usage instanceof UsageError) throw usage;
    if (!(error instanceof TesseraError)) throw error;
    process.stderr.write(`tessera: ${error.message}\n`);
    return EXIT.unavailable;
  }
}
