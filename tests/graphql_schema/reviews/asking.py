"""Operations about reviews of documents."""

REVIEW = """{
  id status documentVersion reviewer isRuleSet overallScore error completedAt
  requestedBy { name }
  document { phase }
  completeness { score missing sections { name isPresent isRequired } }
  qualityMetrics {
    wordCount sentenceCount readability earsShare ambiguousTerms requirementCount findingCount
  }
  suggestions { nodes { original replacement kind severity rule message isApplied } }
}"""
REQUEST = f"""
    mutation ($input: RequestDocumentReviewInput!) {{
      requestDocumentReview(input: $input) {{ review {REVIEW} errors {{ code message path }} }}
    }}
"""
OF_DOCUMENT = f"""
    query ($project: ID!) {{
      project(id: $project) {{ documents {{ nodes {{
        phase latestReview {REVIEW} reviews {{ nodes {{ status documentVersion }} }}
      }} }} }}
    }}
"""
