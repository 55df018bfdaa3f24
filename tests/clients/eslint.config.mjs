// The rules of graphql-eslint for schemas: all of them, but for those below that say why not.
import plugin from "@graphql-eslint/eslint-plugin";

const { configs, parser } = plugin;
const everything = { ...configs["flat/schema-all"].rules, ...configs["flat/schema-relay"].rules };

const WITHOUT_ID = [
  ...["PageInfo", "Position", "RateLimit", "UserError", "ClassEvent", "DocumentEvent", "JobEvent", "OrganizationEvent", "ProgressEvent", "ProjectEvent", "RepositoryEvent", "UserCount"],
  ...["NotificationEvent", "CourseEvent", "CertificateEvent", "CertificateVerification", "DocumentPresence", "ModuleProgressEvent", "ProjectAnalytics"],
  ...["QuizAttemptEvent", "AnswerGiven", "CorrectAnswer", "QuestionOption", "AttemptQuestion"],
  ...["ExerciseResult", "SkillAssessment"], // parts of the progress in a learning module
  ...["ModuleLesson", "Exercise", "Criterion"], // parts of the module, whose ids are known in it alone
  ...["CompletenessResult", "CompletenessSection", "QualityMetrics"], // parts of a review
  ...["Anchor", "Original"], // parts of a thread
  ...["RuleConditions", "RuleFiring"], // parts of a rule, and what it would tell of
  ...["DocumentDifference", "DifferenceHunk", "DifferenceLine", "Snippet", "Highlight"], // worked out for one answer
  ...["CodeFinding"], // a part of a review of code
  ...["CommitActivity", "CommitAuthor", "CourseStatistics", "EnrollmentActivity", "LessonStatistics", "RevenueMonth"], // figures of many rows
  ...["DeveloperPeriod", "DeveloperTotals", "MetricsCoverage", "TeamPeriod"], // such figures, too
];

const ours = {
  // The order is for people: what matters most comes first.
  "alphabetize": "off",
  // Takes `committedAt` of Commit and `username` of User for prefixes.
  "no-typename-prefix": "off",
  // What is deprecated goes a release later, and no release has a date.
  "require-deprecation-date": "off",
  // Forbids the root types that a schema shall not have; ours has all three.
  "no-root-type": "off",
  // A list is never null, and neither is a payload: why a mutation was refused stands in its `errors`.
  "require-nullable-result-in-root": "off",
  // A payload has what was changed; whoever wants more sends a query.
  "require-field-of-type-query-in-mutation-result": "off",
  "require-description": [
    "error",
    {
      types: true,
      rootField: true,
      DirectiveDefinition: true,
      FieldDefinition: true,
      InputValueDefinition: true,
      EnumValueDefinition: true,
    },
  ],
  // What is part of an answer only cannot be asked for again.
  "strict-id-in-types": ["error", { exceptions: { types: WITHOUT_ID, suffixes: ["Connection", "Edge", "Payload"] } }],
  // A connection has its `nodes` too, without cursors, and some lists of values are bounded by themselves.
  "relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false }],
};

const rules = Object.fromEntries(Object.entries(ours).map(([name, rule]) => [`@graphql-eslint/${name}`, rule]));

export default [
  {
    files: ["**/*.graphql"],
    plugins: { "@graphql-eslint": plugin },
    languageOptions: { parser, parserOptions: { graphQLConfig: { schema: "../../graphql_schema/schema.graphql" } } },
    rules: { ...everything, ...rules },
  },
];
