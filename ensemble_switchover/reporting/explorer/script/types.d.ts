// The content that content.py embeds in the page, and the values that the scripts derive.

interface Cost {
  condition: string;
  device: string;
  /** Index of the first of its seconds; null on a device where exported files alone were timed. */
  seconds: number | null;
  secondsStd: number | null;
  latency: number | null;
  latencyStd: number | null;
  fastest: number | null;
  fastestStd: number | null;
  /** What suffices for 99 % of the images. */
  slowest: number | null;
  /** Of a cascade: whether it was timed itself. */
  isCascadeMeasured: boolean;
  latencyBatch: number | null;
  memory: number | null;
  memoryKind: string | null;
  numSeeds: number;
  numRuns: number;
}

/** The seeds whose errors count, and the index of the first of their errors. */
interface Sample {
  seeds: number[];
  errors: number;
  /** Metric -> index of the first of their losses, and the first epoch that has some. */
  losses: Record<string, [number, number]>;
}

/** A metric by which designs are compared. */
interface Quality {
  name: string;
  /** Its name, with `{}` for the images. */
  template: string;
  noun: string;
  plural: string;
  symbol: string;
  ofDifference: string;
  decimals: number;
  /** The largest possible value; null if there is none. */
  largest: number | null;
  /** The most that the default margin is. */
  largestMargin: number;
  lowerIsBetter: boolean;
  /** Such as ` by NLL`; empty for the error. */
  by: string;
  /** Why enough seeds can give no interval. */
  whyNoInterval: string;
  ruleText: string;
}

interface Cascade {
  rule: "confidence" | "margin";
  /** Whether thresholds were chosen on other folds of the images, and not on validation images. */
  ofFolds: boolean;
  meanMembers: number;
  membersP99: number;
  wholeError: number;
}

interface CollapsedRun {
  name: string;
  seed: number;
  /** Index of the first of its errors. */
  errors: number;
  /** Metric -> index of the first of its losses, one for each epoch. */
  losses: Record<string, number>;
}

interface Design extends Sample {
  setting: string;
  data: string;
  measure: string;
  family: string;
  designClass: string;
  k: number;
  depth: number;
  width: number;
  parameters: number;
  budgetParameters: number;
  /** Of an ensemble whose members are asked in turn; null where all are. */
  cascade: Cascade | null;
  numRuns: number;
  /** Number of images that its errors were measured on. */
  numImages: number;
  /** Deviation of the losses of images as a share of their mean; null without predictions. */
  lossSpread: number | null;
  /** Epochs of its schedule and of its recipe's own, each once; empty unless it was shortened. */
  shortened: [number, number][];
  epochs: number[];
  collapsed: CollapsedRun[];
  /** Indices of the designs of its class at the next smaller and the next larger size. */
  beside: number[];
  /** The sample with the collapsed runs in, or without them if the rule keeps them. */
  other: Sample | null;
  costs: Cost[];
  command: string | null;
  /** Indices into the facts of the content. */
  facts: number[];
  config: Record<string, unknown>;
}

interface SwitchoverMap {
  confidence: number | null;
  /** Budget, first and last epoch, class (-1: nothing to compare), decided, both ensembles win. */
  cells: [number, number, number, number, number, number][];
  boundaries: Record<string, (number | null)[]>;
}

/** What a comparison answers by a metric. */
interface MetricAnswer {
  epochs: number[];
  maps: SwitchoverMap[];
  sentences: string[];
}

interface Comparison extends MetricAnswer {
  label: string;
  setting: string;
  data: string;
  family: string;
  measure: string;
  k: number;
  source: string | null;
  /** Parameters, depth, width. */
  budgets: [number, number, number][];
  designs: Record<string, (number | null)[]>;
  /** The same by every metric but the error. */
  byMetric: Record<string, MetricAnswer>;
  collapsed: string[];
  /** Which ensembles' times do not compare with those of their single networks. */
  unlikeTimes: string[];
  holes: [string, number, string][];
}

interface MetricRow {
  setting: string;
  designClass: string;
  source: string;
  k: number;
  depth: number;
  width: number;
  budget: [number, number, number];
  fill: number;
  condition: string;
  /** Whether its times are of a timing pass, and not of runs themselves. */
  ofTimingPass: boolean;
  latencyBatch: number | null;
  memoryKind: string | null;
  /** Number of seeds under the condition. */
  numSeeds: number;
  /** Seeds that reach the single networks' mean lowest error, and seeds compared with it. */
  reached: [number, number];
  /** Time to the own seed's single network's lowest error: mean, sample standard deviation, seeds
   * that reach it, and seeds that have one. */
  ownTarget: [number | null, number | null, number, number];
  /** Mean, sample standard deviation and number of seeds. */
  values: [number | null, number | null, number][];
}

interface Content {
  studies: string[];
  numRuns: number;
  stride: number;
  measuredRangeFactor: number;
  /** Within which a design is as good as the best, in the unit of the metric; null: the default. */
  margin: number | null;
  /** The metrics by which designs can be compared, the error first. */
  qualities: Quality[];
  /** The name of the one that the page begins with. */
  compare: string;
  /** Short name of an ensemble class -> what it is. */
  classTerms: Record<string, string>;
  rule: Rule;
  collapseCounts: CollapseCount[];
  /** Key, name, unit. */
  metrics: [string, string, string][];
  designs: Design[];
  /** A device with times of one kind -> the same with times of the other. */
  otherDevices: Record<string, string>;
  comparisons: Comparison[];
  rows: MetricRow[];
  config: Record<string, unknown>;
  /** Name and value. */
  facts: [string, string][];
  floats: string;
}

interface Rule {
  method: "welch" | "paired_t" | "mann_whitney";
  confidence: number;
  keepCollapsed: boolean;
  minSeeds: number;
  /** Confidence in percent, with its sign. */
  level: string;
  intervalNoun: string;
  /** What the intervals cover. */
  scope: string;
  /** Half-widths in standard errors over 1 / degrees of freedom, from 0 to 1 in equal steps. */
  tQuantiles: number[];
  /** The critical rank by the numbers of seeds of both designs. */
  criticalRanks: Record<number, Record<number, number | null>>;
}

/** How many runs collapsed; null: of every family, of every k. */
interface CollapseCount {
  data: string;
  family: string | null;
  k: number | null;
  text: string;
}

interface Model {
  content: Content;
  floats: Float32Array;
  /** By what designs are compared. */
  quality: Quality;
  /** True to treat collapsed runs the other way round than the rule. */
  turned?: boolean;
}

interface Candidate {
  design: Design;
  cost: Cost | null;
  /** Without a cost: whether the design has times on the device that do not compare. */
  hasOtherTimes: boolean;
}

type LimitName =
  | "parameters"
  | "epochs"
  | "hours"
  | "memory_bytes"
  | "latency_ms"
  | "latency_p99_ms"
  | "fastest_latency_ms"
  | "accuracy_percent";
type Limits = Partial<Record<LimitName, number>>;

interface Interval {
  mean: number;
  lower: number;
  upper: number;
}

/** The interval of a mean loss. */
interface ErrorInterval extends Interval {
  /** Whether its spread is also that of the budgets beside it. */
  isBorrowed: boolean;
}

interface Difference {
  mean: number | null;
  interval: Interval | null;
  numFirst: number;
  numSecond: number;
}

interface Reading {
  candidate: Candidate;
  row: number;
  /** Seed -> finite error in percent. */
  seedErrors: Map<number, number>;
  error: number;
  /** Seed -> finite loss of the metric that is compared: the error, unless another is. */
  seedLosses: Map<number, number>;
  loss: number;
  /** Of the loss. */
  interval: ErrorInterval | null;
  numSeeds: number;
}

interface Rival {
  reading: Reading;
  difference: number | null;
  interval: Interval | null;
  numRivalSeeds: number;
  numBestSeeds: number;
  isWorse: boolean;
}

interface BindingLimits {
  limits: LimitName[];
  needed: number[];
  reading: Reading;
}

interface OutOfRange {
  limit: LimitName;
  asked: number;
  measured: number | null;
}

interface ShortList {
  /** In the unit of the metric. */
  margin: number;
  /** Whether the margin was stated. */
  isGiven: boolean;
  /** The limit whose quantity orders the designs. */
  cost: LimitName;
  /** The cheapest first; the best is among them. */
  readings: Reading[];
}

interface Advice {
  answer: "decided" | "undecided" | "infeasible" | "outside";
  best: Reading | null;
  classDecided: boolean;
  runnerUp: Rival | null;
  rivals: Rival[];
  shortList: ShortList | null;
  /** The design to build. */
  recommended: Reading | null;
  cheapest: [LimitName, Reading][];
  bindings: BindingLimits[];
  outside: OutOfRange[];
  numDesigns: number;
  numFeasible: number;
  numRuns: number;
  /** Names of the collapsed runs of the designs considered. */
  collapsed: string[];
  latencyBatchSizes: number[];
  /** Number of designs whose times on the device do not compare with the others'. */
  numOtherTimes: number;
  atEdge: boolean;
}

type State = Record<string, string>;

declare const Plot: any;

/** A point of the metric chart or the Pareto chart. */
interface MetricPoint {
  name: string;
  x: number;
  y: number;
  std: number | null;
  numSeeds: number;
  /** Parameters of the budget. */
  budget: number;
  front: boolean;
  title: string;
  row: MetricRow;
}
