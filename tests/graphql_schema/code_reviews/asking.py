"""Operations about reviews of pull requests."""

REVIEW = """{
  id status headSha reviewer isRuleSet riskScore riskLevel summary error completedAt
  requestedBy { name }
  pullRequest { number }
  findings { rule severity points path message }
}"""
REQUEST = f"""
    mutation ($input: RequestCodeReviewInput!) {{
      requestCodeReview(input: $input) {{ review {REVIEW} errors {{ code message path }} }}
    }}
"""
OF_PULL_REQUEST = f"""
    query ($id: ID!) {{ node(id: $id) {{ ... on PullRequest {{ codeReviews {{ nodes {REVIEW} }} }} }} }}
"""
