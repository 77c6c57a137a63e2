import { fadeRows, placeRows, type Share, shareOf, shareWeights } from '../../tiling/blend.js';
import type { TilePlan } from '../../tiling/plan.js';
import type { Raster, Samples } from '../../tiling/raster.js';
import { OrderedPrefetch } from '../raster/ordered-prefetch.js';
import { allocateSamples, type RowSink } from '../raster/row-sink.js';

/** A rectangle of input pixels. It extends beyond the image where there is a border. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface TileAssembly {
  readonly plan: TilePlan;
  /** The part of the grid that goes to the sink. */
  readonly wanted: Region;
  readonly scale: number;
  readonly sixteenBit: boolean;
  /** Tiles to request at the same time. */
  readonly atOnce: number;
  /** Computes the upscaled pixels of one tile. Called from left to right and top to bottom. */
  tile(region: Region): Promise<Raster<3>>;
  /** Called after each placed tile, including tiles outside of the wanted part. */
  onTile(): void;
}

/** Joins the tiles of a grid, one row of tiles after the other, into a sink. */
export async function assemble(assembleTiles: TileAssembly, sink: RowSink): Promise<void> {
  const tiles = new OrderedPrefetch(visibleRegions(assembleTiles), assembleTiles.atOnce, (region) =>
    assembleTiles.tile(region),
  );
  try {
    await join(assembleTiles, tiles, sink);
  } finally {
    await tiles.stop();
  }
}

/** The tiles that overlap the wanted part, in order. */
function visibleRegions({ plan, wanted }: TileAssembly): Region[] {
  const { columns, rows } = plan;
  const isWanted = ({ from, to }: Share) => to > from;
  const visibleRows = rows.starts.filter((_, row) =>
    isWanted(shareOf(rows, row, wanted.top, wanted.top + wanted.height)),
  );
  const visibleColumns = columns.starts.filter((_, column) =>
    isWanted(shareOf(columns, column, wanted.left, wanted.left + wanted.width)),
  );
  return visibleRows.flatMap((top) =>
    visibleColumns.map((left) => ({ left, top, width: columns.tileLength, height: rows.tileLength })),
  );
}

async function join(
  assembleTiles: TileAssembly,
  tiles: OrderedPrefetch<Region, Raster<3>>,
  sink: RowSink,
): Promise<void> {
  const { plan, wanted, scale } = assembleTiles;
  const stride = wanted.width * scale * 3;
  const bottom = wanted.top + wanted.height;
  for (const [row, top] of plan.rows.starts.entries()) {
    const down = shareOf(plan.rows, row, wanted.top, bottom);
    const downWeights = shareWeights(down, scale, 1);
    const window = sink.window((down.to - down.from) * scale);
    // The rows that fade into the tile row above are first joined among themselves.
    const fading = allocateSamples(downWeights.length * stride, assembleTiles.sixteenBit);
    for (const [column, left] of plan.columns.starts.entries()) {
      const across = shareOf(plan.columns, column, wanted.left, wanted.left + wanted.width);
      if (across.to > across.from && down.to > down.from) {
        place(await tiles.next(), { assembleTiles, left, top, across, down, stride, window, fading });
      }
      assembleTiles.onTile();
    }
    fadeRows({ data: fading, stride, offset: 0 }, { data: window, stride, offset: 0 }, stride, downWeights);
    const settledTo = Math.min(Math.max(plan.rows.seams[row]?.from ?? bottom, wanted.top), bottom);
    await sink.finish((settledTo - down.from) * scale);
  }
}

interface Placement {
  readonly assembleTiles: TileAssembly;
  /** Start of the tile in input pixels. */
  readonly left: number;
  readonly top: number;
  readonly across: Share;
  readonly down: Share;
  readonly stride: number;
  /** Height of this row of tiles, in rows. */
  readonly window: Samples;
  /** Its first rows, not yet faded into the row above. */
  readonly fading: Samples;
}

function place(
  tile: Raster<3>,
  { assembleTiles, left, top, across, down, stride, window, fading }: Placement,
): void {
  const { scale, wanted } = assembleTiles;
  const weights = shareWeights(across, scale, 3);
  const samples = (across.to - across.from) * scale * 3;
  const tileStride = tile.width * 3;
  const tileOffset = (down.from - top) * scale * tileStride + (across.from - left) * scale * 3;
  const offset = (across.from - wanted.left) * scale * 3;
  const fadingRows = (down.fadeTo - down.from) * scale;
  placeRows(
    { data: tile.data, stride: tileStride, offset: tileOffset },
    { data: fading, stride, offset },
    samples,
    fadingRows,
    weights,
  );
  placeRows(
    { data: tile.data, stride: tileStride, offset: tileOffset + fadingRows * tileStride },
    { data: window, stride, offset: fadingRows * stride + offset },
    samples,
    (down.to - down.from) * scale - fadingRows,
    weights,
  );
}
